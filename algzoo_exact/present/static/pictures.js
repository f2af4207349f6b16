/* Pictures of a section: a circle of directions in a plane, a sphere of directions in space.

   Both take cells as sectionCells finds them, and have: show(cells, look), mark(cones, point),
   at(x, y) -> a unit vector or null, turnTo(vector), view and setView(view), zoom(factor), turn(x, y),
   middle() and draw(). */
"use strict";

const STEP = Math.PI / 60;  // longest straight piece of an arc
const DASHES = [[], [7, 3], [2, 3]];  // walls by the step of their neurons
const PALE = 0.66;  // share of the ground in the colour of right answers

const rgb = hex => [1, 3, 5].map(at => parseInt(hex.slice(at, at + 2), 16));
const hex = parts => "#" + parts.map(part => Math.round(part).toString(16).padStart(2, "0")).join("");
const mixed = (a, b, share) => hex(rgb(a).map((v, i) => (1 - share) * v + share * rgb(b)[i]));

/* The page's colours, in whatever scheme it is. */
function palette() {
  const style = getComputedStyle(document.documentElement);
  const named = name => style.getPropertyValue(name).trim();
  return {
    ground: named("--pic-paper"), ink: named("--pic-ink"), black: named("--pic-black"), fault: named("--pic-error"),
    axis: named("--pic-axis"), tie: named("--pic-tie"), picked: named("--pic-picked"),
    answers: Array.from({ length: 10 }, (_, k) => named(`--pic-answer-${k}`)),
    answer(k) { return this.answers[k % this.answers.length]; },
    of(cell) { return cell.winners.length > 1 ? this.tie : this.answer(cell.winners[0]); },
    /* An error, as a part of the largest: above or below what is right. */
    error(part) { return mixed(this.ground, this.answer(part > 0 ? 1 : 0), Math.min(1, Math.abs(part))); },
    fill(cell) { return cell.right ? mixed(this.of(cell), this.ground, PALE) : this.of(cell); },
  };
}

class Circle {
  constructor(box, names) {
    this.box = box;
    this.names = names;
    this.canvas = box.appendChild(document.createElement("canvas"));
    this.cells = [];
    this.marked = [];
    this.setView({ scale: 1, x: 0, y: 0 });
    this.canvas.addEventListener("wheel", event => {
      event.preventDefault();
      this.zoom(2 ** (-event.deltaY / 300), event.offsetX, event.offsetY);
    }, { passive: false });
    dragged(this.canvas, (dx, dy) => this.shift(dx, dy), factor => this.zoom(factor));
  }

  dispose() { this.canvas.remove(); }

  get view() { return { ...this.place }; }

  setView({ scale, x, y }) { this.place = { scale, x, y }; }

  show(cells, look) {
    this.cells = cells.map(cell => ({ ...cell, arc: this.arc(cell.corners) }));
    this.look = look;
    this.draw();
  }

  arc([a, b]) {
    const low = a[0] * b[1] - a[1] * b[0] > 0 ? a : b;
    return [Math.atan2(low[1], low[0]), 2 * Math.PI * shareOf([a, b])];
  }

  mark(cones, point) {
    this.marked = joined(cones.map(corners => this.arc(corners)));
    this.point = point;
    this.draw();
  }

  /* Pixels of the plane's point. */
  pixel(x, y) {
    const { scale, x: cx, y: cy } = this.place;
    return [this.half + (x - cx) * scale * this.unit, this.half - (y - cy) * scale * this.unit];
  }

  at(px, py) {
    const { scale, x, y } = this.place;
    const found = [x + (px - this.half) / (scale * this.unit), y - (py - this.half) / (scale * this.unit)];
    return size(found) <= 1.09 && size(found) > 1e-9 ? unit(found) : null;
  }

  middle() { return this.place.scale > 1 ? unit([this.place.x, this.place.y]) : this.point || [1, 0]; }

  zoom(factor, px = this.half, py = this.half) {
    const before = this.place.scale, scale = Math.min(1e9, Math.max(1, before * factor));
    const move = (1 / before - 1 / scale) / this.unit;
    this.setView({ scale, x: this.place.x + (px - this.half) * move, y: this.place.y - (py - this.half) * move });
    if (scale === 1) this.setView({ scale, x: 0, y: 0 });
    this.changed();
  }

  shift(dx, dy) {
    if (this.place.scale === 1) return false;
    const by = 1 / (this.place.scale * this.unit);
    this.setView({ ...this.place, x: this.place.x - dx * by, y: this.place.y + dy * by });
    this.changed();
    return true;
  }

  turn(right, up) { this.shift(-40 * right, 40 * up); }

  turnTo(y) {
    if (this.place.scale > 1) { this.setView({ scale: this.place.scale, x: y[0], y: y[1] }); this.changed(); }
  }

  face() { /* all of it is in sight */ }

  /* Close enough that a cone fills a good part of the view. */
  zoomTo(corners, y) {
    const width = this.arc(corners)[1];
    this.setView({ scale: Math.min(1e9, Math.max(1, 0.8 / width)), x: y[0], y: y[1] });
    this.changed();
  }

  changed() { this.draw(); this.box.dispatchEvent(new Event("view")); }

  draw() {
    if (!this.look) return;
    const context = fitted(this.canvas, this.box);
    this.half = this.box.clientWidth / 2;
    this.unit = this.half / 1.24;
    const colours = palette();
    const wrong = this.cells.filter(cell => !cell.right);
    for (const cell of this.cells) {
      if (cell.error) this.shades(context, cell, colours);
      else this.wedge(context, cell.arc, colours.fill(cell));
    }
    for (const cell of wrong) this.wedge(context, cell.arc, hatch(context, colours.ground), colours.of(cell));
    if (this.place.scale < 30 && !this.look.most) {
      for (const cell of this.cells) this.band(context, cell.arc, 1.03, 1.08, colours.answer(cell.label));
    }
    for (const cell of this.cells) {
      for (const [i, neurons] of cell.walls) {
        const step = Math.max(-1, ...neurons.filter(this.look.wall).map(([t]) => t));
        if (step >= 0) this.ray(context, cell.corners[i], 1, colours.ink, 1.1, DASHES[step % 3]);
      }
      for (const i of cell.border) this.ray(context, cell.corners[i], 1.08, colours.black, 2.2, []);
    }
    for (const arc of this.marked) this.wedge(context, arc, null, colours.picked, 3);
    if (this.point) this.dot(context, colours);
    this.axes(context, colours);
  }

  /* The part of an arc that is near the view, as angles, and the radius where drawing starts: what
     is drawn far outside of it would lose its digits. */
  near([low, width]) {
    const { scale, x, y } = this.place;
    if (scale < 8) return [low, low + width, 0];
    const middle = Math.atan2(y, x), reach = 6 / scale;
    const start = low + 2 * Math.PI * Math.round((middle - low - width / 2) / (2 * Math.PI));
    const from = Math.max(start, middle - reach), to = Math.min(start + width, middle + reach);
    return from < to ? [from, to, Math.max(0, Math.hypot(x, y) - reach)] : null;
  }

  trace(context, from, to, inner, outer) {
    const count = Math.max(1, Math.ceil((to - from) * Math.min(this.place.scale, 8) / STEP));
    const at = (r, k) => this.pixel(r * Math.cos(from + (to - from) * k / count), r * Math.sin(from + (to - from) * k / count));
    context.beginPath();
    for (let k = 0; k <= count; k++) context.lineTo(...at(outer, k));
    for (let k = count; k >= 0; k--) context.lineTo(...at(inner, k));
    context.closePath();
  }

  wedge(context, arc, fill, stroke, width = 1) {
    const near = this.near(arc);
    if (!near) return;
    this.trace(context, near[0], near[1], near[2], 1);
    if (fill) { context.fillStyle = fill; context.fill(); }
    context.strokeStyle = stroke || fill;
    context.lineWidth = stroke ? width : 0.5;
    context.stroke();
  }

  /* A cell by its error, which is linear in the point. */
  shades(context, { arc, error }, colours) {
    const near = this.near(arc);
    if (!near) return;
    const [from, to] = near, count = Math.ceil((to - from) * this.place.scale / STEP);
    for (let k = 0; k < count; k++) {
      const middle = from + (to - from) * (k + 0.5) / count, value = dot(error, [Math.cos(middle), Math.sin(middle)]);
      this.wedge(context, [from + (to - from) * k / count, (to - from) / count], colours.error(value / this.look.most));
    }
  }

  band(context, arc, inner, outer, fill) {
    const near = this.near(arc);
    if (!near) return;
    this.trace(context, near[0], near[1], inner, outer);
    context.fillStyle = context.strokeStyle = fill;
    context.lineWidth = 0.5;
    context.fill();
    context.stroke();
  }

  ray(context, [x, y], reach, colour, width, dashes) {
    const near = this.near([Math.atan2(y, x) - 1e-15, 2e-15]);
    if (!near) return;
    context.beginPath();
    context.moveTo(...this.pixel(near[2] * x, near[2] * y));
    context.lineTo(...this.pixel(reach * x, reach * y));
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.setLineDash(dashes);
    context.stroke();
    context.setLineDash([]);
  }

  dot(context, colours) {
    context.beginPath();
    context.arc(...this.pixel(...this.point), 6, 0, 2 * Math.PI);
    context.fillStyle = colours.ground;
    context.strokeStyle = colours.picked;
    context.lineWidth = 2.5;
    context.fill();
    context.stroke();
  }

  axes(context, colours) {
    context.fillStyle = colours.axis;
    context.font = "italic 15px Georgia, serif";
    context.textAlign = "center";
    context.textBaseline = "middle";
    [[1, 0], [0, 1]].forEach(([x, y], k) => context.fillText(this.names[k], ...this.pixel(1.16 * x, 1.16 * y)));
  }
}

/* Arcs [start, width], those that touch as one. */
function joined(arcs) {
  const found = [];
  for (const [low, width] of [...arcs].sort((a, b) => a[0] - b[0])) {
    const last = found[found.length - 1];
    if (last && Math.abs(last[0] + last[1] - low) < 1e-9) last[1] += width;
    else found.push([low, width]);
  }
  return found;
}

/* The edges of cones in space behind which there is no other of them. */
function outline(cones) {
  const found = [];
  for (const corners of cones) {
    const middle = centre(corners);
    corners.forEach((_, i) => {
      const [a, b] = edge(corners, i), normal = unit(cross(a, b)), halfway = unit(plus(a, b));
      const behind = unit(plus(halfway, scaled(normal, dot(normal, middle) > 0 ? -1e-7 : 1e-7)));
      if (cones.length > 2000 || !cones.some(other => other !== corners && contains(other, behind))) found.push([a, b]);
    });
  }
  return found;
}

/* Stripes for wrong answers. */
function hatch(context, colour) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 8;
  const pen = tile.getContext("2d");
  pen.strokeStyle = colour;
  pen.lineWidth = 1.6;
  for (const from of [-8, 0, 8]) { pen.moveTo(from, 8); pen.lineTo(from + 8, 0); }
  pen.stroke();
  return context.createPattern(tile, "repeat");
}

/* A canvas as large as its box, in the screen's own pixels. */
function fitted(canvas, box) {
  const ratio = window.devicePixelRatio || 1, side = box.clientWidth;
  canvas.width = canvas.height = Math.round(side * ratio);
  canvas.style.width = canvas.style.height = `${side}px`;
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}

/* Dragging by one pointer, and pinching by two. */
function dragged(element, move, pinch) {
  const pointers = new Map();
  element.addEventListener("pointerdown", event => {
    pointers.set(event.pointerId, [event.clientX, event.clientY]);
    element.setPointerCapture(event.pointerId);
  });
  element.addEventListener("pointermove", event => {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const now = [event.clientX, event.clientY];
    const other = [...pointers].find(([id]) => id !== event.pointerId);
    if (other) pinch(size(minus(now, other[1])) / Math.max(1, size(minus(before, other[1]))));
    else move(...minus(now, before));
    pointers.set(event.pointerId, now);
  });
  for (const name of ["pointerup", "pointercancel"]) {
    element.addEventListener(name, event => pointers.delete(event.pointerId));
  }
}

const VERTEX = `
  attribute vec3 tint;
  attribute float striped;
  varying vec3 colour;
  varying float wrong;
  varying float facing;
  void main() {
    colour = tint;
    wrong = striped;
    facing = normalize(normalMatrix * normalize(position)).z;
    gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0);
  }`;
const FRAGMENT = `
  uniform vec3 ground;
  uniform float ratio;
  varying vec3 colour;
  varying float wrong;
  varying float facing;
  void main() {
    float stripe = mod(gl_FragCoord.x + gl_FragCoord.y, 8.0 * ratio);
    vec3 shown = wrong > 0.5 && stripe < 2.2 * ratio ? ground : colour;
    gl_FragColor = vec4(shown * (0.82 + 0.18 * smoothstep(0.0, 0.6, facing)), 1.0);
  }`;

class Sphere {
  constructor(box, names) {
    this.box = box;
    this.renderer = new THREE.WebGLRenderer({ antialias: true, alpha: true });
    this.canvas = box.appendChild(this.renderer.domElement);
    this.scene = new THREE.Scene();
    this.camera = new THREE.OrthographicCamera(-1.12, 1.12, 1.12, -1.12, 0.1, 6);
    this.camera.up.set(0, 0, 1);
    this.camera.position.set(1.74, 1.74, 1.74);
    this.controls = new THREE.OrbitControls(this.camera, this.canvas);
    this.controls.enablePan = false;
    this.controls.minZoom = 1;
    this.controls.maxZoom = 2e4;
    this.controls.addEventListener("change", () => this.changed());
    this.material = new THREE.ShaderMaterial({
      vertexShader: VERTEX, fragmentShader: FRAGMENT, side: 2,
      uniforms: { ground: { value: new THREE.Color() }, ratio: { value: 1 } },
    });
    this.labels = names.map(name => {
      const label = box.appendChild(document.createElement("span"));
      label.className = "axis";
      label.textContent = name;
      return label;
    });
    this.marker = box.appendChild(document.createElement("span"));
    this.marker.className = "marker";
    this.marked = { cones: [], point: null };
  }

  dispose() {
    this.controls.dispose();
    this.renderer.dispose();
    this.renderer.forceContextLoss();
    for (const part of [this.canvas, this.marker, ...this.labels]) part.remove();
  }

  get view() { return { from: this.camera.position.toArray().map(v => Number(v.toFixed(9))), scale: this.camera.zoom }; }

  setView({ from, scale }) {
    this.camera.position.set(...from);
    this.camera.zoom = scale;
    this.camera.updateProjectionMatrix();
    this.controls.update();
  }

  show(cells, look) {
    Object.assign(this, { cells, look });
    this.remake();
  }

  /* Everything that is drawn, in today's colours. */
  remake() {
    this.clear("parts");
    const colours = palette();
    this.material.uniforms.ground.value.setRGB(...rgb(colours.ground).map(v => v / 255));
    this.parts = [this.surface(colours)];
    const walls = [[], [], []], borders = [], errors = [];
    for (const cell of this.cells) {
      for (const [i, neurons] of cell.walls) {
        const step = Math.max(-1, ...neurons.filter(this.look.wall).map(([t]) => t));
        if (step >= 0) walls[step % 3].push(edge(cell.corners, i));
      }
      for (const i of cell.border) borders.push(edge(cell.corners, i));
      if (!cell.right) for (const i of cell.tie) errors.push(edge(cell.corners, i));
    }
    walls.forEach((edges, step) => this.parts.push(this.lines(edges, colours.ink, 1.1, 1.0012, step)));
    this.parts.push(this.lines(errors, colours.fault, 1.4, 1.0016));
    this.parts.push(this.lines(borders, colours.black, 2.4, 1.002));
    this.scene.add(...this.parts);
    this.mark(this.marked.cones, this.marked.point);
  }

  clear(name) {
    for (const part of this[name] || []) {
      this.scene.remove(part);
      part.geometry.dispose();
      if (part.material !== this.material) part.material.dispose();
    }
  }

  mark(cones, point) {
    this.clear("outline");
    this.marked = { cones, point };
    this.outline = [this.lines(outline(cones), palette().picked, 4, 1.003)];
    this.scene.add(...this.outline);
    this.draw();
  }

  /* All cells as triangles: rings from each one's centre to its edges, which neighbours share. */
  surface(colours) {
    const positions = [], tints = [], stripes = [];
    for (const cell of this.cells) {
      const rim = cell.corners.flatMap((a, i) => arcPoints(a, cell.corners[(i + 1) % cell.corners.length]).slice(0, -1));
      const middle = centre(cell.corners);
      const rings = Math.ceil(Math.max(...rim.map(p => size(minus(p, middle)))) / (2 * STEP));
      const point = (k, i) => unit(plus(scaled(middle, 1 - k / rings), scaled(rim[i % rim.length], k / rings)));
      const parts = colour => rgb(colour).map(v => v / 255), striped = cell.right ? 0 : 1;
      const plain = cell.error ? null : parts(colours.fill(cell));
      const tint = p => plain || parts(colours.error(dot(cell.error, p) / this.look.most));
      for (let i = 0; i < rim.length; i++) {
        for (let k = 0; k < rings; k++) {
          const quad = [point(k, i), point(k + 1, i), point(k + 1, i + 1), point(k, i + 1)];
          for (const corner of k ? [0, 1, 2, 0, 2, 3] : [0, 1, 2]) {
            positions.push(...quad[corner]);
            tints.push(...tint(quad[corner]));
            stripes.push(striped);
          }
        }
      }
    }
    const geometry = new THREE.BufferGeometry();
    geometry.setAttribute("position", new THREE.BufferAttribute(new Float32Array(positions), 3));
    geometry.setAttribute("tint", new THREE.BufferAttribute(new Float32Array(tints), 3));
    geometry.setAttribute("striped", new THREE.BufferAttribute(new Float32Array(stripes), 1));
    return new THREE.Mesh(geometry, this.material);
  }

  lines(edges, colour, width, radius, step = 0) {
    const positions = [];
    for (const [a, b] of edges) {
      const points = arcPoints(a, b);
      for (let i = 0; i + 1 < points.length; i++) positions.push(...scaled(points[i], radius), ...scaled(points[i + 1], radius));
    }
    const geometry = new THREE.LineSegmentsGeometry();
    geometry.setPositions(positions.length ? positions : [0, 0, 0, 0, 0, 0]);
    const material = new THREE.LineMaterial({
      color: colour, linewidth: width, dashed: step > 0, dashSize: [0, 0.04, 0.012][step], gapSize: 0.018,
    });
    const found = new THREE.LineSegments2(geometry, material);
    found.computeLineDistances();
    return found;
  }

  at(px, py) {
    const side = this.box.clientWidth, ray = new THREE.Raycaster();
    ray.setFromCamera(new THREE.Vector2(2 * px / side - 1, 1 - 2 * py / side), this.camera);
    const hit = ray.ray.intersectSphere(new THREE.Sphere(new THREE.Vector3(), 1), new THREE.Vector3());
    return hit && unit(hit.toArray());
  }

  middle() { return unit(this.camera.position.toArray()); }

  zoom(factor) {
    const scale = Math.min(this.controls.maxZoom, Math.max(1, this.camera.zoom * factor));
    this.setView({ from: this.camera.position.toArray(), scale });
    this.changed();
  }

  turn(right, up) {
    const by = 0.15 / this.camera.zoom, at = this.camera.position;
    const azimuth = Math.atan2(at.y, at.x) + by * right;
    const height = Math.max(-1.55, Math.min(1.55, Math.asin(at.z / at.length()) + by * up));
    this.turnTo([Math.cos(height) * Math.cos(azimuth), Math.cos(height) * Math.sin(azimuth), Math.sin(height)]);
  }

  turnTo(y) {
    this.setView({ from: scaled(y, 3), scale: this.camera.zoom });
    this.changed();
  }

  /* Turns to a point that is on the far side. */
  face(y) {
    if (dot(y, this.middle()) < 0.2) this.setView({ from: scaled(y, 3), scale: this.camera.zoom });
    this.draw();
  }

  zoomTo(corners, y) {
    const reach = Math.min(...corners.map((_, i) => edge(corners, i)).map(([a, b]) => Math.abs(dot(unit(cross(a, b)), y))));
    this.setView({ from: scaled(y, 3), scale: Math.min(2e4, Math.max(1, 0.1 / reach)) });
    this.changed();
  }

  changed() { this.draw(); this.box.dispatchEvent(new Event("view")); }

  draw() {
    if (!this.parts) return;
    const side = this.box.clientWidth, ratio = window.devicePixelRatio || 1;
    this.renderer.setPixelRatio(ratio);
    this.renderer.setSize(side, side);
    this.controls.rotateSpeed = 1 / this.camera.zoom;
    this.material.uniforms.ratio.value = ratio;
    this.renderer.render(this.scene, this.camera);
    this.labels.forEach((label, k) => this.put(label, [0, 1, 2].map(c => (c === k ? 1.1 : 0))));
    this.put(this.marker, this.marked.point);
  }

  /* A label where a vector is seen; none on the far side. */
  put(label, vector) {
    label.hidden = !vector || dot(vector, this.camera.position.toArray()) < 0;
    if (label.hidden) return;
    const seen = new THREE.Vector3(...vector).project(this.camera), side = this.box.clientWidth;
    label.style.left = `${(seen.x + 1) * side / 2}px`;
    label.style.top = `${(1 - seen.y) * side / 2}px`;
  }
}

/* Unit vectors along the great circle from a to b. */
function arcPoints(a, b) {
  const angle = 2 * Math.asin(Math.min(1, size(minus(a, b)) / 2)), count = Math.max(1, Math.ceil(angle / STEP));
  return Array.from({ length: count + 1 }, (_, k) =>
    (k === 0 ? a : k === count ? b : unit(plus(scaled(a, Math.sin(angle * (1 - k / count))), scaled(b, Math.sin(angle * k / count))))));
}
