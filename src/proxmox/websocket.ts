import { DecoratorHandler, type Dispatcher, WebSocket } from "undici";
import type { DispatcherError } from "../domain/errors.ts";
import type { Secret } from "../domain/secret.ts";
import { type Call, errorOfFailure, errorOfRefusal } from "./errors.ts";
import { authorizationOf } from "./http.ts";
import { encodeParams, encodePath, type Params, type Path, spellPath } from "./request.ts";

export interface WebSocketOptions {
  /** As for `createHttp`. */
  readonly url: URL;
  readonly tokenId: string;
  readonly tokenSecret: Secret;
  /** A ticket's cookie in place of the token. */
  readonly cookie?: string;
  /** Carries the trust: `createAgent`. */
  readonly dispatcher: Dispatcher;
}

export interface Connection {
  readonly socket: WebSocket;
  /** Why there is none, or none any more. */
  readonly failure: () => DispatcherError;
}

export function connect(options: WebSocketOptions, path: Path, params: Params): Connection {
  const call: Call = { method: "GET", path: spellPath(path), mutates: false };
  let cause: DispatcherError | null = null;
  // A websocket keeps to itself why it did not come about; what carries it knows.
  const dispatcher = options.dispatcher.compose((dispatch) => (request, handler) => {
    const note = (error: DispatcherError): void => {
      // What follows an answer is only its end.
      cause ??= error;
    };
    return dispatch(request, peeking(handler, call, note));
  });
  const base = options.url.href
    .replace(/^http/, "ws")
    .replace(/[?#].*$/, "")
    .replace(/\/+$/, "");
  const socket = new WebSocket(`${base}/api2/json/${encodePath(path)}?${encodeParams(params)}`, {
    protocols: "binary",
    headers:
      options.cookie === undefined
        ? { Authorization: authorizationOf(options.tokenId, options.tokenSecret).reveal() }
        : { Cookie: options.cookie },
    dispatcher,
  });
  socket.binaryType = "arraybuffer";
  return { socket, failure: () => cause ?? errorOfFailure(call, new Error("the websocket broke")) };
}

/** Hears what PVE answered instead of a websocket. */
function peeking(
  handler: Dispatcher.DispatchHandler,
  call: Call,
  note: (error: DispatcherError) => void,
): Dispatcher.DispatchHandler {
  // It speaks to handlers of the old form, such as that of fetch, as well.
  const inner: Dispatcher.DispatchHandler = new DecoratorHandler(handler);
  return {
    onRequestStart: (...args) => inner.onRequestStart?.(...args),
    onRequestUpgrade: (...args) => inner.onRequestUpgrade?.(...args),
    onResponseStart(controller, status, headers, sentence = "") {
      note(errorOfRefusal(call, { status, sentence, parameters: null }));
      inner.onResponseStart?.(controller, status, headers, sentence);
    },
    onResponseData: (...args) => inner.onResponseData?.(...args),
    onResponseEnd: (...args) => inner.onResponseEnd?.(...args),
    onResponseError(controller, error) {
      note(errorOfFailure(call, error));
      inner.onResponseError?.(controller, error);
    },
  };
}
