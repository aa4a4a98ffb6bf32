/** A web-standard server: served over real HTTP(S) for demo and tests, called in process in the simulation. */
export type Handler = (request: Request) => Promise<Response>;
