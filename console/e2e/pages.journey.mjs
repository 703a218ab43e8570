// What the server says about its pages: who may run scripts there, who may frame them, how long files keep (P18).
import assert from "node:assert/strict";

async function pagesAreGuarded({ server }) {
  for (const path of ["/", "/portal", "/portal/withdrawals/anything", "/portal/", "/staff", "/staff/", "/staff/cases/anything"]) {
    const response = await fetch(server.url + path);
    assert.equal(response.status, 200, path);
    const policy = response.headers.get("content-security-policy") ?? "";
    assert.match(policy, /default-src 'none'; script-src 'self';/);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.doesNotMatch(policy, /script-src[^;]*(unsafe|\*|http)/);
    assert.equal(response.headers.get("x-content-type-options"), "nosniff");
    assert.equal(response.headers.get("referrer-policy"), "no-referrer");
    assert.equal(response.headers.get("cache-control"), "no-cache");
    const html = await response.text();
    assert.doesNotMatch(html, /<script(?![^>]*\ssrc=)/, "no script stands in the page");
    const script = /<script[^>]*\ssrc="([^"]+)"/.exec(html)?.[1];
    assert.ok(script, html);
    for (const coding of ["br", "gzip"]) {
      const asset = await fetch(server.url + script, { headers: { "Accept-Encoding": coding } });
      assert.equal(asset.headers.get("content-encoding"), coding);
      assert.equal(asset.headers.get("cache-control"), "public, max-age=31536000, immutable");
      assert.equal(asset.headers.get("vary"), "accept-encoding");
      assert.match(asset.headers.get("content-type") ?? "", /^text\/javascript/);
      assert.ok((await asset.text()).length > 1000);
    }
  }
  // Pages never stand in for the API, nor for files that are not there.
  for (const path of ["/v1/nothing", "/nothing", "/assets/nothing.js", "/assets/../portal.html"]) {
    const response = await fetch(server.url + path);
    assert.equal(response.status, 404, path);
    assert.equal(response.headers.get("content-type"), "application/problem+json", path);
  }
  const answer = await fetch(`${server.url}/v1/portal/session`);
  assert.equal(answer.status, 401);
  assert.equal(answer.headers.get("cache-control"), "no-store");
}

export const journeys = { "pages are guarded and kept": pagesAreGuarded };
