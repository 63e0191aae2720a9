// The Responses API, as Codex speaks it.
import { randomUUID } from 'node:crypto';

const USAGE = {
  input_tokens: 1000, input_tokens_details: { cached_tokens: 300 }, output_tokens: 50,
  output_tokens_details: { reasoning_tokens: 7 }, total_tokens: 1050,
};

/** Each answer, in the words of checkrein. */
export const TOLD = { calls: 1, input: 1000, cached: 300, created: 0, output: 50, reasoning: 7 };

const TITLE = /You are a title generator/; // opencode's words; Codex asks without tools in some of its turns

export const serves = (pathname) => pathname.endsWith('/responses');

const textOf = (content) => typeof content === 'string' ? content : (content ?? []).map((part) => part.text ?? '').join('\n');
const isCall = (item) => /_call$/.test(item.type);
const isModel = (item) => isCall(item) || item.type === 'reasoning' || item.role === 'assistant';

function resultOf({ call_id: id, output }) {
  return { id, text: textOf(output), isError: false }; // whether it was one stands in its words only
}

// What another agent says to this one is a prompt, too.
const promptOf = (item) => item.type === 'agent_message' ? JSON.stringify(item) : item.role === 'user' ? textOf(item.content) : '';

/** Of one answer there are several items: they are one turn, so that its calls are one step. */
export function turnsOf({ input }) {
  const turns = [];
  for (const item of input) {
    const last = turns.at(-1);
    if (isModel(item) && last?.isModel) last.calls += isCall(item);
    else {
      turns.push({ isModel: isModel(item), text: promptOf(item), calls: Number(isCall(item)),
        results: /_output$/.test(item.type) ? [resultOf(item)] : [] });
    }
  }
  return turns;
}

// A call with a text for its input is one of a tool with a grammar of its own.
function itemOf(one) {
  if (one.type === 'text') {
    const content = [{ type: 'output_text', text: one.text, annotations: [] }];
    return { type: 'message', id: `msg_${randomUUID()}`, role: 'assistant', status: 'completed', content };
  }
  const call = { id: `fc_${one.id}`, call_id: one.id, name: one.name };
  return typeof one.input === 'string' ? { type: 'custom_tool_call', ...call, input: one.input, status: 'completed' }
    : { type: 'function_call', ...call, status: 'completed', ...(one.namespace && { namespace: one.namespace }), arguments: JSON.stringify(one.input) };
}

function write(response, type, data) {
  response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`);
}

/** Answers what is no turn of a conversation, such as a title for it: what it tells of tokens. Null when it is one. */
export function aside(response, pathname, body) {
  const asked = JSON.parse(body);
  return asked.text?.format || (!asked.tools?.length && TITLE.test(body))
    ? send(response, pathname, asked, [{ type: 'text', text: '{"title":"A title"}' }]) : null;
}

function start(response, model) {
  const whole = { id: `resp_${randomUUID()}`, object: 'response', created_at: 1, status: 'in_progress', model, output: [] };
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  write(response, 'response.created', { response: whole });
  return whole;
}

const added = (response, item, output_index) =>
  write(response, 'response.output_item.added', { output_index, item: item.type === 'message' ? { ...item, content: [] } : item });
const said = (response, item, output_index, delta) =>
  write(response, 'response.output_text.delta', { item_id: item.id, output_index, content_index: 0, delta });

export function send(response, pathname, { model }, content) {
  const whole = start(response, model);
  const output = content.map(itemOf);
  output.forEach((item, output_index) => {
    added(response, item, output_index);
    if (item.type === 'message') said(response, item, output_index, item.content[0].text);
    write(response, 'response.output_item.done', { output_index, item });
  });
  write(response, 'response.completed', { response: { ...whole, status: 'completed', output, usage: USAGE } });
  response.end();
  return TOLD;
}

/** Begins an answer in a stream; gives what says a piece more of it. */
export function begin(response, pathname, { model }) {
  const item = itemOf({ type: 'text', text: '' });
  start(response, model);
  added(response, item, 0);
  return (text) => said(response, item, 0, text);
}
