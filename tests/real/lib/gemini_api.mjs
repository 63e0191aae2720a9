// The Gemini API, as Gemini CLI speaks it.
import { NOTHING, sendJson } from './send.mjs';

const USAGE = {
  promptTokenCount: 1000, candidatesTokenCount: 50, cachedContentTokenCount: 300, thoughtsTokenCount: 7,
  totalTokenCount: 1057,
};
/** Each answer, in the words of checkrein: output holds what was thought. */
export const TOLD = { calls: 1, input: 1000, cached: 300, created: 0, output: 57, reasoning: 7 };
// What the client asks the model beside the conversation: who speaks next, which model fits.
const ASIDE = '{"reasoning":"test","next_speaker":"user","model_choice":"flash","complexity_score":1}';

const partsOf = (content) => content.parts ?? [];

export const serves = (pathname) => /^\/v1(beta)?\/models\//.test(pathname);

const isTurn = (body) => !body.generationConfig?.responseMimeType && (body.tools ?? []).length > 0;

function answerOf(pathname, parts) {
  const [, modelVersion] = /models\/([^:]+)/.exec(pathname);
  return { candidates: [{ content: { role: 'model', parts }, finishReason: 'STOP', index: 0 }],
    usageMetadata: USAGE, modelVersion, responseId: 'test' };
}

function write(response, pathname, answer) {
  if (!pathname.endsWith(':streamGenerateContent')) return sendJson(response, 200, answer);
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  return response.end(`data: ${JSON.stringify(answer)}\n\n`);
}

/** Answers what is no turn of a conversation: what it tells of tokens. Null when it is one. */
export function aside(response, pathname, body) {
  if (pathname.endsWith(':countTokens')) return void sendJson(response, 200, { totalTokens: 1000 }) ?? NOTHING;
  return isTurn(JSON.parse(body)) ? null : send(response, pathname, null, [{ type: 'text', text: ASIDE }]);
}

export const turnsOf = ({ contents }) => contents.map((content) => ({
  isModel: content.role === 'model',
  text: partsOf(content).map((part) => part.text ?? '').join('\n'),
  calls: partsOf(content).filter((part) => part.functionCall).length,
  results: partsOf(content).filter((part) => part.functionResponse).map(({ functionResponse: { id, response } }) => ({
    id, text: String(response.output ?? response.error), isError: response.error !== undefined,
  })),
}));

export function send(response, pathname, body, content) {
  write(response, pathname, answerOf(pathname, content.map((one) => one.type === 'text' ? { text: one.text }
    : { functionCall: { id: one.id, name: one.name, args: one.input } })));
  return TOLD;
}

/** Begins an answer in a stream; gives what says a piece more of it. */
export function begin(response, pathname) {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  return (text) => {
    const { usageMetadata, ...answer } = answerOf(pathname, [{ text }]);
    delete answer.candidates[0].finishReason;
    response.write(`data: ${JSON.stringify(answer)}\n\n`);
  };
}
