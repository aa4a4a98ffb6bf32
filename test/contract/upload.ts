/** An upload's body, its file's content left out or not. */
interface Upload {
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** What PVE's own parser, which knows one spelling only, would stumble over. */
  readonly complaints: readonly string[];
}

export function readUpload(contentType: string, body: string): Upload {
  const boundary = /^multipart\/form-data; boundary=([\w-]+)$/.exec(contentType)?.[1];
  if (boundary === undefined) return { fields: [], complaints: [`content type ${contentType}`] };
  const [before, ...parts] = `\r\n${body}`.split(`\r\n--${boundary}`);
  const end = parts.pop();
  const complaints: string[] = [];
  if (before !== "" || end !== "--\r\n") complaints.push("does not begin and end with the boundary");
  const fields = parts.map((part, at): readonly [string, string] => {
    const [head = "", ...rest] = part.replace(/^\r\n/, "").split("\r\n\r\n");
    const [disposition = "", ...headers] = head.split("\r\n");
    const [, name = "", file] =
      /^Content-Disposition: form-data; name="([^"]+)"(?:; filename="([^"]+)")?$/.exec(disposition) ?? [];
    const wanted = file === undefined ? [] : ["Content-Type: application/octet-stream"];
    const last = at === parts.length - 1;
    if (name === "" || headers.join() !== wanted.join()) complaints.push(`headers ${JSON.stringify(head)}`);
    if (last !== (file !== undefined)) complaints.push(`${name} at place ${at + 1}: only the last part is the file`);
    if (file !== undefined && name !== "filename") complaints.push(`the file's field is called ${name}`);
    return [name, file ?? rest.join("\r\n\r\n")];
  });
  return { fields, complaints };
}
