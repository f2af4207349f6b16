export {
  AmbientLight, BufferAttribute, BufferGeometry, Color, Mesh, OrthographicCamera, Raycaster, Scene,
  ShaderMaterial, Sphere, Vector2, Vector3, WebGLRenderer,
} from "three";
export { OrbitControls } from "three/addons/controls/OrbitControls.js";
export { LineMaterial } from "three/addons/lines/LineMaterial.js";
export { LineSegments2 } from "three/addons/lines/LineSegments2.js";
export { LineSegmentsGeometry } from "three/addons/lines/LineSegmentsGeometry.js";
