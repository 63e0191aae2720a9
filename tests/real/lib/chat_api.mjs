// The Chat Completions API, as Copilot CLI speaks it.
import { randomUUID } from 'node:crypto';
import { NOTHING, sendJson } from './send.mjs';

const USAGE = {
  prompt_tokens: 1000, completion_tokens: 50, total_tokens: 1050, prompt_tokens_details: { cached_tokens: 300 },
  completion_tokens_details: { reasoning_tokens: 7 },
};

/** Each answer, in the words of checkrein. */
export const TOLD = { calls: 1, input: 1000, cached: 300, created: 0, output: 50, reasoning: 7 };

const textOf = (content) => typeof content === 'string' ? content : (content ?? []).map((part) => part.text ?? '').join('\n');

export const serves = (pathname) => pathname.endsWith('/chat/completions');

/** Answers what is no turn of a conversation, such as a title for it: what it tells of tokens. Null when it is one. */
export function aside(response, pathname, body) {
  const asked = JSON.parse(body);
  return asked.tools?.length ? null : send(response, pathname, asked, [{ type: 'text', text: 'A title' }]);
}

export const turnsOf = ({ messages }) => messages.map((message) => ({
  isModel: message.role === 'assistant',
  text: message.role === 'user' ? textOf(message.content) : '',
  calls: (message.tool_calls ?? []).length,
  results: message.role === 'tool' ? [{ id: message.tool_call_id, text: textOf(message.content), isError: false }] : [],
}));

function messageOf(content) {
  const calls = content.filter((one) => one.type !== 'text').map(({ id, name, input }, index) =>
    ({ index, id, type: 'function', function: { name, arguments: JSON.stringify(input) } }));
  const text = content.filter((one) => one.type === 'text').map((one) => one.text).join('');
  return { role: 'assistant', content: text || null, ...(calls.length && { tool_calls: calls }) };
}

function writer(response, model) {
  const whole = { id: `chatcmpl-${randomUUID()}`, object: 'chat.completion.chunk', created: 1, model };
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  return (data) => response.write(`data: ${JSON.stringify({ ...whole, ...data })}\n\n`);
}

const delta = (one, finish_reason = null) => ({ choices: [{ index: 0, delta: one, finish_reason }] });

/** As the service does: in a stream the figures come only when they are asked for. */
export function send(response, pathname, { model, stream, stream_options }, content) {
  const message = messageOf(content);
  const finish_reason = message.tool_calls ? 'tool_calls' : 'stop';
  if (!stream) {
    const whole = { id: `chatcmpl-${randomUUID()}`, object: 'chat.completion', created: 1, model };
    sendJson(response, 200, { ...whole, choices: [{ index: 0, message, finish_reason }], usage: USAGE });
    return TOLD;
  }
  const write = writer(response, model);
  write(delta(message));
  write(delta({}, finish_reason));
  if (stream_options?.include_usage) write({ choices: [], usage: USAGE });
  response.end('data: [DONE]\n\n');
  return stream_options?.include_usage ? TOLD : NOTHING;
}

/** Begins an answer in a stream; gives what says a piece more of it. */
export function begin(response, pathname, { model }) {
  const write = writer(response, model);
  return (content) => write(delta({ role: 'assistant', content }));
}
