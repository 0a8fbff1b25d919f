// node inside.mjs REQUESTS.jsonl SECONDS ELM.json...: for each library its name, how many rules it has, and the milliseconds
// of each evaluation without HTTP, from the request's text to the verdicts. As JSON.
import {readFileSync} from "node:fs";
import {evaluator} from "./evaluate.mjs";

const [file, seconds, ...libraries] = process.argv.slice(2);
const lines = readFileSync(file, "utf8").trim().split("\n");

async function measured(elm) {
  const evaluate = evaluator(elm);
  const once = async (number) => evaluate(JSON.parse(lines[number % lines.length]));
  let rules = 0;
  for (let number = 0; number < 10; number++) rules = Object.keys(await once(number)).length; // until the compiler has seen it
  const times = [];
  const until = performance.now() + Number(seconds) * 1000;
  while (performance.now() < until || times.length < 3) {
    const started = performance.now();
    await once(times.length);
    times.push(performance.now() - started);
  }
  return {name: `CQL in JavaScript, ${rules}`, rules, times};
}

const told = [];
for (const elm of libraries) told.push(await measured(elm));
console.log(JSON.stringify(told));
