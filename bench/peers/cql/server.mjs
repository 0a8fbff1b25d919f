// node server.mjs PORT ELM.json: a CDS Hooks service on this machine that answers with what a CQL library says.
import http from "node:http";
import {evaluator, versions} from "./evaluate.mjs";

const [port, elm] = process.argv.slice(2);
const evaluate = evaluator(elm);

function send(response, status, value) {
  const body = Buffer.from(JSON.stringify(value));
  response.writeHead(status, {"Content-Type": "application/json", "Content-Length": body.length});
  response.end(body);
}

http
  .createServer(async (request, response) => {
    if (request.method === "GET") return send(response, 200, request.url === "/versions" ? versions() : {services: []});
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    try {
      const verdicts = await evaluate(JSON.parse(Buffer.concat(chunks)));
      const offered = Object.keys(verdicts).filter((rule) => verdicts[rule] === "applies");
      const card = (rule) => ({summary: `Offer: ${rule}`, indicator: "info", source: {label: "bench"}});
      send(response, 200, {cards: offered.map(card), extension: {verdicts}});
    } catch (error) {
      send(response, 500, {error: String(error)});
    }
  })
  .listen(Number(port), "127.0.0.1");
