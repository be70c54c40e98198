// The public API as a mini-program calls it: bearer token, one refresh when it has run out, keys for what must not
// happen twice, and errors in the server's own words.

const BASE = "/api/v1";
const SESSION = "juli.session";
const ATTEMPTS = 3;

/** What the server refused, or `code` "network" when it could not be reached. `message` is meant for the member. */
export class ApiError extends Error {
  constructor({ code, message, fields, detail, request_id: requestId }, status = 0, retryAfter = 0) {
    super(message);
    Object.assign(this, { code, fields, detail, requestId, status, retryAfter });
  }

  /** Whether the same request, under the same key, may still succeed. */
  get isPassing() {
    return this.status === 0 || this.status >= 502 || this.code === "request_in_progress";
  }
}

let session = JSON.parse(sessionStorage.getItem(SESSION) ?? "null");
let refreshing = null;
let onSessionEnd = () => {};

export const isLoggedIn = () => session !== null;
export const member = () => session.member;

/** Call `handler` when the session turned out to be over. */
export function whenSessionEnds(handler) {
  onSessionEnd = handler;
}

function keep(changed) {
  session = changed;
  if (changed) sessionStorage.setItem(SESSION, JSON.stringify(changed));
  else sessionStorage.removeItem(SESSION);
}

/** A key for one intent of the member: made when they start, kept for every retry. */
export function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  // Only on plain http from another machine, where randomUUID is not offered.
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function send(url, { method = "GET", body, headers = {} } = {}) {
  let response;
  try {
    response = await fetch(url, {
      method,
      headers: { ...headers, ...(body ? { "Content-Type": "application/json" } : {}) },
      body: body && JSON.stringify(body),
    });
  } catch {
    throw new ApiError({ code: "network", message: "网络开小差了，请检查网络后重试" });
  }
  if (response.status === 204) return null;
  const answer = await response.json().catch(() => null);
  if (response.ok && answer !== null) return answer;
  const fallback = { code: "unavailable", message: "服务暂时不可用，请稍后再试" };
  throw new ApiError(answer?.code ? answer : fallback, response.status, Number(response.headers.get("Retry-After")));
}

async function refresh() {
  try {
    const pair = await send(`${BASE}/auth/refresh`, { method: "POST", body: { refresh: session.refresh } });
    keep({ ...session, ...pair });
  } catch (error) {
    if (error.isPassing) throw error;
    keep(null);
    onSessionEnd();
    throw error;
  }
}

async function authorized(path, options = {}) {
  const used = session?.access;
  const withToken = () => ({ ...options, headers: { ...options.headers, Authorization: `Bearer ${session?.access}` } });
  try {
    return await send(BASE + path, withToken());
  } catch (error) {
    if (error.status !== 401 || !session) throw error;
  }
  // Of several calls that meet an old token, one refreshes and the others wait: a refresh token works once.
  if (session.access === used) {
    refreshing ??= refresh().finally(() => (refreshing = null));
    await refreshing;
  }
  return send(BASE + path, withToken());
}

const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** GET with query parameters; empty ones are left out. */
export function get(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const text = new URLSearchParams(given).toString();
  return authorized(text ? `${path}?${text}` : path);
}

/** POST once per `key`: what passes (no network, server restarting) is tried again under the same key. */
export async function post(path, body, { key } = {}) {
  const headers = key ? { "Idempotency-Key": key } : {};
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await authorized(path, { method: "POST", body, headers });
    } catch (error) {
      if (!key || !error.isPassing || attempt === ATTEMPTS) throw error;
      await pause(error.retryAfter || attempt);
    }
  }
}

/** DELETE. */
export const remove = (path) => authorized(path, { method: "DELETE" });

/** Whose phone it can be. */
export const demoMembers = async () => (await send("/demo/members")).results;

/** Log in as a mini-program does: a code from the phone, traded for a session. */
export async function login(openid) {
  const { code } = await send("/demo/login-code", { method: "POST", body: { member: openid } });
  const device = localStorage.getItem(`juli.device.${openid}`);
  const body = device ? { code, device_id: device } : { code };
  const answer = await send(`${BASE}/auth/login`, { method: "POST", body });
  localStorage.setItem(`juli.device.${openid}`, answer.device_id);
  keep(answer);
}

/** End the session here and on the server. */
export async function logout() {
  const { refresh: token } = session;
  keep(null);
  await send(`${BASE}/auth/logout`, { method: "POST", body: { refresh: token } }).catch(() => null);
}
