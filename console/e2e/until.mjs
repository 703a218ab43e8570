// Waiting for something on the server, with a limit.

/** Asks until the answer is one that `is` likes, and gives it back. */
export async function until(what, ask, is, seconds = 30) {
  const end = performance.now() + seconds * 1_000;
  for (;;) {
    const answer = await ask();
    if (is(answer)) return answer;
    if (performance.now() > end) throw new Error(`${what}: not within ${seconds} s: ${JSON.stringify(answer)}`);
    await new Promise((done) => setTimeout(done, 100));
  }
}

/** A file that is what it says, for whoever looks at its bytes. */
export const PDF = { mimeType: "application/pdf", buffer: Buffer.from("%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n") };
