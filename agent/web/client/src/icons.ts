const NAMESPACE = "http://www.w3.org/2000/svg";

const CLOUD = "M7 17.5h9.5a3.8 3.8 0 0 0 .5-7.6A5.5 5.5 0 0 0 6.6 9.2 4.2 4.2 0 0 0 7 17.5Z";
const SHADE = "M7 14h9.5a3.6 3.6 0 0 0 .5-7.2A5.3 5.3 0 0 0 6.7 6.1 4 4 0 0 0 7 14Z";

/** Paths on a grid of 24, drawn in lines. */
const PATHS = {
  clear: "M12 7.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9ZM12 2v2M12 20v2M2 12h2M20 12h2M4.9 4.9l1.4 1.4M17.7 17.7l1.4 1.4M4.9 19.1l1.4-1.4M17.7 6.3l1.4-1.4",
  cloudy: CLOUD,
  fog: `${SHADE}M5 17.5h14M7 21h10`,
  rain: `${SHADE}M8.5 17.5 7.5 21M12.5 17.5l-1 3.5M16.5 17.5l-1 3.5`,
  snow: `${SHADE}M8 18.5v.01M12 18.5v.01M16 18.5v.01M10 21.5v.01M14 21.5v.01`,
  storm: `${SHADE}M12.5 15 10 19h3.5L11.5 22.5`,
  calendar: "M4 6.5A1.5 1.5 0 0 1 5.5 5h13A1.5 1.5 0 0 1 20 6.5v12a1.5 1.5 0 0 1-1.5 1.5h-13A1.5 1.5 0 0 1 4 18.5ZM4 9.5h16M8.5 3v4M15.5 3v4M9 14.5l2.2 2.2L15.5 12.5",
  cancelled: "M4 6.5A1.5 1.5 0 0 1 5.5 5h13A1.5 1.5 0 0 1 20 6.5v12a1.5 1.5 0 0 1-1.5 1.5h-13A1.5 1.5 0 0 1 4 18.5ZM4 9.5h16M8.5 3v4M15.5 3v4M9.5 12.5l5 5M14.5 12.5l-5 5",
} as const;

/** A picture beside words that say the same. */
export function icon(name: keyof typeof PATHS): SVGSVGElement {
  const svg = document.createElementNS(NAMESPACE, "svg");
  const path = document.createElementNS(NAMESPACE, "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
