/// <reference types="vitest/config" />
import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

/** Which portal `npm run dev` shows, and where its face of the API listens. */
const portal = process.env["ZAFFRE_PORTAL"] ?? "tenant";
const api = process.env["ZAFFRE_API"] ?? (portal === "admin" ? "http://127.0.0.1:30004" : "http://127.0.0.1:30005");

/** Answer every address within the portal with its page, as the real server does. */
function historyFallback(): Plugin {
  return {
    name: "zaffre-history-fallback",
    configureServer(server) {
      server.middlewares.use((request, _response, next) => {
        if (request.headers.accept?.includes("text/html")) request.url = `/${portal}.html`;
        next();
      });
    },
  };
}

export default defineConfig(({ command }) => ({
  plugins: [react(), historyFallback()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  // The server replaces it in each answer by a nonce of that answer (see src/zaffre/edge/portal/application.py).
  html: command === "build" ? { cspNonce: "__CSP_NONCE__" } : {},
  build: {
    outDir: "../src/zaffre/edge/portal/assets",
    emptyOutDir: true,
    target: "es2022",
    // Fonts and pictures stay files: the content security policy is tighter for it.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1200,
    rollupOptions: {
      output: {
        // A language is one file: the rail alone needs a title of every room.
        codeSplitting: {
          groups: [
            { name: "texts-en", test: /locales\/en\// },
            { name: "texts-de", test: /locales\/de\// },
          ],
        },
      },
      input: {
        tenant: fileURLToPath(new URL("./tenant.html", import.meta.url)),
        admin: fileURLToPath(new URL("./admin.html", import.meta.url)),
      },
    },
  },
  server: {
    proxy: { "/api": { target: api, ws: true, rewrite: (path: string) => path.replace(/^\/api/, "") } },
  },
  test: { environment: "jsdom", include: ["src/**/*.test.{ts,tsx}"] },
}));
