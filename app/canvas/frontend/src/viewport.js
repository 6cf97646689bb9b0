// Which part of the picture is seen: a shift and a scale, and how they move. Pure arithmetic.

const SMALLEST = 0.05;
const LARGEST = 2;
const MARGIN = 30;
const ABOVE = 50; // room for the legend
const BELOW = 58; // room for the tools
const KEEP = 80; // pixels of the picture that stay in view however far it is dragged

const between = (low, value, high) => Math.max(low, Math.min(value, high));

export class Viewport {
  constructor() {
    this.x = 0;
    this.y = 0;
    this.scale = 1;
    this.width = 0;
    this.height = 0;
  }

  /** The stage is that many pixels wide and high. */
  resize(width, height) {
    this.width = width;
    this.height = height;
  }

  /** The point of the picture under a pixel of the stage. */
  toPicture(x, y) {
    return { x: (x - this.x) / this.scale, y: (y - this.y) / this.scale };
  }

  /** What is in view, in units of the picture, with a margin around it. */
  visible(margin = 0) {
    const from = this.toPicture(0, 0);
    const to = this.toPicture(this.width, this.height);
    return {
      left: from.x - margin,
      top: from.y - margin,
      right: to.x + margin,
      bottom: to.y + margin,
    };
  }

  /** Whether a box lies wholly inside the stage. */
  contains(box) {
    const seen = this.visible();
    return (
      box.x >= seen.left &&
      box.y >= seen.top &&
      box.x + box.width <= seen.right &&
      box.y + box.height <= seen.bottom
    );
  }

  /** Zooms so that the picture under pixel (x, y), the middle by default, stays there. */
  zoom(factor, x = this.width / 2, y = this.height / 2) {
    const scale = between(SMALLEST, this.scale * factor, LARGEST);
    this.x = x - ((x - this.x) * scale) / this.scale;
    this.y = y - ((y - this.y) * scale) / this.scale;
    this.scale = scale;
  }

  /** Moves to (x, y), but never so far that nothing of `bounds` is seen. */
  panTo(x, y, bounds) {
    this.x = between(
      KEEP - bounds.right * this.scale,
      x,
      this.width - KEEP - bounds.left * this.scale,
    );
    this.y = between(
      KEEP - bounds.bottom * this.scale,
      y,
      this.height - KEEP - bounds.top * this.scale,
    );
  }

  /** Shows all of `bounds`, at most at natural size. */
  fit(bounds) {
    const width = Math.max(1, bounds.right - bounds.left);
    const height = Math.max(1, bounds.bottom - bounds.top);
    this.scale = between(
      SMALLEST,
      Math.min((this.width - 2 * MARGIN) / width, (this.height - ABOVE - BELOW) / height),
      1,
    );
    this.x = (this.width - (bounds.left + bounds.right) * this.scale) / 2;
    this.y = (this.height + ABOVE - BELOW - (bounds.top + bounds.bottom) * this.scale) / 2;
  }

  /**
   * Puts a box in the middle; sideways only as far as the picture reaches, so that no half of the
   * stage stays empty.
   */
  center(box, bounds, scale = this.scale) {
    this.scale = scale;
    const wide = (bounds.right - bounds.left) * scale;
    const middle = this.width / 2 - (box.x + box.width / 2) * scale;
    this.x =
      wide <= this.width - 2 * MARGIN
        ? (this.width - wide) / 2 - bounds.left * scale
        : between(
            this.width - MARGIN - bounds.right * scale,
            middle,
            MARGIN - bounds.left * scale,
          );
    this.y = this.height / 2 - (box.y + box.height / 2) * scale;
  }

  /** Opens on everything when it stays readable (scale ≥ `readable`), else on one box. */
  open(bounds, box, readable = 0.72) {
    this.fit(bounds);
    if (this.scale < readable) this.center(box, bounds, readable);
  }

  /** A box that moved from `before` to `after` keeps its place on the screen. */
  follow(before, after) {
    this.x += (before.x - after.x) * this.scale;
    this.y += (before.y - after.y) * this.scale;
  }
}
