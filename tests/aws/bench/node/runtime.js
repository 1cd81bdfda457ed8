// Lambda's Runtime API in Node: what AWS's own nodejs20.x runtime does for a handler.
import http from "node:http";
import { handler } from "./handler.js";

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

function call(method, path, body) {
  return new Promise((resolve, reject) => {
    const headers = body ? { "content-type": "application/json", "content-length": body.length } : {};
    const request = http.request({ host, port, agent, method, headers, path: `/2018-06-01/runtime/${path}` }, (response) => {
      const parts = [];
      response.on("data", (part) => parts.push(part));
      response.on("end", () => resolve({ headers: response.headers, body: Buffer.concat(parts) }));
      response.on("error", reject);
    });
    request.on("error", reject);
    request.end(body);
  });
}

async function serve() {
  for (;;) {
    const { headers, body } = await call("GET", "invocation/next");
    const invocation = `invocation/${headers["lambda-runtime-aws-request-id"]}`;
    try {
      const answer = await handler(JSON.parse(body));
      await call("POST", `${invocation}/response`, Buffer.from(JSON.stringify(answer)));
    } catch (error) {
      const { name, message } = error;
      await call("POST", `${invocation}/error`, Buffer.from(JSON.stringify({ errorType: name, errorMessage: message })));
    }
  }
}

serve();
