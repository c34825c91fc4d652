import { defineConfig } from "vite";

export default defineConfig({
  // The page works below any path a proxy puts it at.
  base: "./",
  build: {
    outDir: "../static",
    emptyOutDir: true,
    target: "es2022",
    // The page's content security policy allows files of its own, not data: URLs.
    assetsInlineLimit: 0,
    modulePreload: false,
    rollupOptions: { input: ["index.html", "calls.html"] },
    // livekit-client is one chunk, and nothing on the page works before it is there.
    chunkSizeWarningLimit: 700,
  },
});
