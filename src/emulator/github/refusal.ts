/** An answer that is not what the caller hoped for. */
export class Refusal extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.name = "Refusal";
    this.status = status;
    this.headers = headers;
  }

  toResponse(): Response {
    const body = {
      message: this.message,
      documentation_url: "https://docs.github.com/rest",
      status: String(this.status),
    };
    return Response.json(body, { status: this.status, headers: this.headers });
  }
}

export const notFound = (): Refusal => new Refusal(404, "Not Found");
export const notAllowed = (): Refusal => new Refusal(403, "Resource not accessible by personal access token");
