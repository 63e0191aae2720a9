/** Answers with this value as JSON. */
export function sendJson(response, status, value) {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}

/** What an answer that costs nothing tells of tokens. */
export const NOTHING = { calls: 0, input: 0, cached: 0, created: 0, output: 0, reasoning: 0 };
