// Contact sheets: what every screen looks like, small, side by side; and how far two of them lie apart. A browser draws and
// measures, so that no library for pictures is needed.

/** A tile: how wide a look is shown. All tiles of a sheet are as high, and rows stand in columns. */
export const TILE = { height: 190, wide: 338, narrow: 90 };
const GAP = 6;
const LABEL = 18;
const COLUMNS = 4;

/** Where the tiles of rows stand, and how large the sheet is. */
function placed(rows) {
  const widthOf = (shots) => shots.reduce((sum, shot) => sum + GAP + (shot.wide ? TILE.wide : TILE.narrow), GAP);
  const column = Math.max(...rows.map(({ shots }) => widthOf(shots)));
  const rowHeight = TILE.height + LABEL + GAP;
  return {
    width: column * Math.min(COLUMNS, rows.length),
    height: Math.ceil(rows.length / COLUMNS) * rowHeight + GAP,
    rows: rows.map(({ name, shots }, at) => {
      const [left, top] = [(at % COLUMNS) * column + GAP, Math.floor(at / COLUMNS) * rowHeight + GAP];
      let next = left;
      const tiles = shots.map(({ wide }) => {
        const tile = { left: next, top: top + LABEL, width: wide ? TILE.wide : TILE.narrow, height: TILE.height };
        next += tile.width + GAP;
        return tile;
      });
      return { name, left, top, tiles };
    }),
  };
}

/** Draws rows of pictures as one WebP; each row is `{ name, shots: [{ png, wide }] }`. */
export async function drawSheet(page, rows) {
  const urls = rows.map(({ shots }) => shots.map(({ png }) => `data:image/png;base64,${png.toString("base64")}`));
  const url = await page.evaluate(
    async ({ urls, place }) => {
      const canvas = document.createElement("canvas");
      canvas.width = place.width;
      canvas.height = place.height;
      const draw = canvas.getContext("2d");
      draw.fillStyle = "#d0d3d9";
      draw.fillRect(0, 0, canvas.width, canvas.height);
      draw.font = "12px sans-serif";
      draw.imageSmoothingQuality = "high";
      for (const [row, { name, left, top, tiles }] of place.rows.entries()) {
        draw.fillStyle = "#1f2329";
        draw.fillText(name, left, top + 13);
        for (const [at, tile] of tiles.entries()) {
          const image = new Image();
          image.src = urls[row][at];
          await image.decode();
          draw.drawImage(image, tile.left, tile.top, tile.width, tile.height);
        }
      }
      return canvas.toDataURL("image/webp", 0.5);
    },
    { urls, place: placed(rows) },
  );
  return Buffer.from(url.split(",")[1], "base64");
}

/**
 * How far two sheets lie apart, tile by tile: the share of pixels, smoothed over a few, that differ clearly. Letters of
 * another machine differ a little everywhere; what is missing, or in another place, differs much somewhere.
 */
export async function compareSheets(page, before, after, rows) {
  return await page.evaluate(
    async ({ before, after, place }) => {
      const picture = async (base64) => {
        const image = new Image();
        image.src = `data:image/webp;base64,${base64}`;
        await image.decode();
        return image;
      };
      const [one, other] = [await picture(before), await picture(after)];
      if (one.width !== other.width || one.height !== other.height) return { size: true, tiles: [] };
      // A quarter of the size smooths letters away and keeps what stands where.
      const small = (image, { left, top, width, height }) => {
        const canvas = document.createElement("canvas");
        canvas.width = Math.round(width / 4);
        canvas.height = Math.round(height / 4);
        const draw = canvas.getContext("2d");
        draw.imageSmoothingQuality = "high";
        draw.drawImage(image, left, top, width, height, 0, 0, canvas.width, canvas.height);
        return draw.getImageData(0, 0, canvas.width, canvas.height).data;
      };
      const found = place.rows.flatMap(({ name, tiles }) =>
        tiles.map((tile, at) => {
          const [a, b] = [small(one, tile), small(other, tile)];
          let differ = 0;
          for (let n = 0; n < a.length; n += 4) {
            const far = Math.max(Math.abs(a[n] - b[n]), Math.abs(a[n + 1] - b[n + 1]), Math.abs(a[n + 2] - b[n + 2]));
            if (far > 15) differ += 1;
          }
          return { name, at, share: differ / (a.length / 4) };
        }),
      );
      return { size: false, tiles: found };
    },
    { before: before.toString("base64"), after: after.toString("base64"), place: placed(rows) },
  );
}
