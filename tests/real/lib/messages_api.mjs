// The Messages API, as Claude Code speaks it.
import { randomUUID } from 'node:crypto';
import { NOTHING, sendJson } from './send.mjs';

const USAGE = {
  input_tokens: 1000, cache_creation_input_tokens: 200, cache_read_input_tokens: 3000, output_tokens: 50,
};

/** Each answer, in the words of checkrein: input holds what caches gave and took. */
export const TOLD = { calls: 1, input: 4200, cached: 3000, created: 200, output: 50, reasoning: 0 };
/** What had been told of one when it broke off. */
export const TOLD_BEGUN = { ...TOLD, output: 1 };

const parts = (message, type) =>
  Array.isArray(message.content) ? message.content.filter((part) => part.type === type) : [];
const textOf = (message) =>
  typeof message.content === 'string' ? message.content : parts(message, 'text').map((part) => part.text).join('\n');

export const serves = (pathname) => pathname.startsWith('/v1/messages');

/** Answers what is no turn of a conversation, such as a title for it: what it tells of tokens. Null when it is one. */
export function aside(response, pathname, body) {
  if (pathname.endsWith('/count_tokens')) return void sendJson(response, 200, { input_tokens: 1000 }) ?? NOTHING;
  const asked = JSON.parse(body);
  return asked.tools?.length ? null : send(response, pathname, asked, [{ type: 'text', text: 'A title' }]);
}

export const turnsOf = ({ messages }) => messages.map((message) => ({
  isModel: message.role === 'assistant',
  text: textOf(message),
  calls: parts(message, 'tool_use').length,
  results: parts(message, 'tool_result').map((result) => ({
    id: result.tool_use_id, text: textOf(result), isError: result.is_error === true,
  })),
}));

const messageOf = (model) => ({
  id: `msg_${randomUUID()}`, type: 'message', role: 'assistant', model, content: [], stop_reason: null, stop_sequence: null,
});

export function send(response, pathname, { model, stream }, content) {
  const message = messageOf(model);
  if (stream) streamed(response, message, content);
  else sendJson(response, 200, { ...message, content, stop_reason: 'end_turn', usage: USAGE });
  return TOLD;
}

const writer = (response) => (type, data) => response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`);

function start(response, message) {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'request-id': `req_${randomUUID()}` });
  writer(response)('message_start', { message: { ...message, usage: { ...USAGE, output_tokens: 1 } } });
}

function streamed(response, message, content) {
  const write = writer(response);
  start(response, message);
  content.forEach((block, index) => {
    const isText = block.type === 'text';
    const delta = isText ? { type: 'text_delta', text: block.text }
      : { type: 'input_json_delta', partial_json: JSON.stringify(block.input) };
    write('content_block_start', { index, content_block: isText ? { ...block, text: '' } : { ...block, input: {} } });
    write('content_block_delta', { index, delta });
    write('content_block_stop', { index });
  });
  const stop_reason = content.some((block) => block.type === 'tool_use') ? 'tool_use' : 'end_turn';
  write('message_delta', { delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: USAGE.output_tokens } });
  write('message_stop', {});
  response.end();
}

/** Begins an answer in a stream; gives what says a piece more of it. */
export function begin(response, pathname, { model }) {
  const write = writer(response);
  start(response, messageOf(model));
  write('content_block_start', { index: 0, content_block: { type: 'text', text: '' } });
  return (text) => write('content_block_delta', { index: 0, delta: { type: 'text_delta', text } });
}
