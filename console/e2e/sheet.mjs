// Contact sheets: what every screen looks like, small, side by side; and how far two of them lie apart. A browser draws and
// measures, so that no library for pictures is needed.

/** A tile: how wide a look is shown. All tiles of a sheet are as high. */
export const TILE = { height: 190, wide: 338, narrow: 90 };
const GAP = 6;
const LABEL = 18;

/** Draws rows of pictures as one WebP; each row is `{ name, shots: [{ png, wide }] }`. */
export async function drawSheet(page, rows) {
  const pictures = rows.map(({ name, shots }) => ({
    name,
    shots: shots.map(({ png, wide }) => ({ url: `data:image/png;base64,${png.toString("base64")}`, wide })),
  }));
  const url = await page.evaluate(
    async ({ pictures, TILE, GAP, LABEL }) => {
      const widthOf = (shots) => shots.reduce((sum, shot) => sum + GAP + (shot.wide ? TILE.wide : TILE.narrow), GAP);
      const width = Math.max(...pictures.map(({ shots }) => widthOf(shots)));
      const canvas = document.createElement("canvas");
      canvas.width = width;
      canvas.height = pictures.length * (TILE.height + LABEL + GAP) + GAP;
      const draw = canvas.getContext("2d");
      draw.fillStyle = "#d0d3d9";
      draw.fillRect(0, 0, canvas.width, canvas.height);
      draw.font = "12px sans-serif";
      draw.imageSmoothingQuality = "high";
      for (const [row, { name, shots }] of pictures.entries()) {
        const top = GAP + row * (TILE.height + LABEL + GAP);
        draw.fillStyle = "#1f2329";
        draw.fillText(name, GAP, top + 13);
        let left = GAP;
        for (const { url, wide } of shots) {
          const image = new Image();
          image.src = url;
          await image.decode();
          const tile = wide ? TILE.wide : TILE.narrow;
          draw.drawImage(image, left, top + LABEL, tile, TILE.height);
          left += tile + GAP;
        }
      }
      return canvas.toDataURL("image/webp", 0.55);
    },
    { pictures, TILE, GAP, LABEL },
  );
  return Buffer.from(url.split(",")[1], "base64");
}

/**
 * How far two sheets lie apart, tile by tile: the share of pixels, smoothed over a few, that differ clearly. Letters of
 * another machine differ a little everywhere; what is missing, or in another place, differs much somewhere.
 */
export async function compareSheets(page, before, after, rows) {
  const layout = rows.map(({ name, shots }) => ({ name, wide: shots.map((shot) => shot.wide) }));
  return await page.evaluate(
    async ({ before, after, layout, TILE, GAP, LABEL }) => {
      const pixels = async (base64) => {
        const image = new Image();
        image.src = `data:image/webp;base64,${base64}`;
        await image.decode();
        const canvas = document.createElement("canvas");
        canvas.width = image.width;
        canvas.height = image.height;
        const draw = canvas.getContext("2d");
        draw.drawImage(image, 0, 0);
        return { width: image.width, height: image.height, draw };
      };
      const [one, other] = [await pixels(before), await pixels(after)];
      if (one.width !== other.width || one.height !== other.height) return { size: true, tiles: [] };
      // A quarter of the size smooths letters away and keeps what stands where.
      const small = (from, left, top, width) => {
        const canvas = document.createElement("canvas");
        canvas.width = Math.round(width / 4);
        canvas.height = Math.round(TILE.height / 4);
        const draw = canvas.getContext("2d");
        draw.imageSmoothingQuality = "high";
        draw.drawImage(from.draw.canvas, left, top, width, TILE.height, 0, 0, canvas.width, canvas.height);
        return draw.getImageData(0, 0, canvas.width, canvas.height).data;
      };
      const tiles = [];
      for (const [row, { name, wide }] of layout.entries()) {
        const top = GAP + row * (TILE.height + LABEL + GAP) + LABEL;
        let left = GAP;
        for (const [at, isWide] of wide.entries()) {
          const width = isWide ? TILE.wide : TILE.narrow;
          const [a, b] = [small(one, left, top, width), small(other, left, top, width)];
          let differ = 0;
          for (let n = 0; n < a.length; n += 4) {
            const far = Math.max(Math.abs(a[n] - b[n]), Math.abs(a[n + 1] - b[n + 1]), Math.abs(a[n + 2] - b[n + 2]));
            if (far > 40) differ += 1;
          }
          tiles.push({ name, at, share: differ / (a.length / 4) });
          left += width + GAP;
        }
      }
      return { size: false, tiles };
    },
    { before: before.toString("base64"), after: after.toString("base64"), layout, TILE, GAP, LABEL },
  );
}
