/** The document's title, which screen readers read first and browser tabs show. */
import { useEffect } from "react";

export function usePageTitle(title: string): void {
  useEffect(() => {
    document.title = title === "" ? "Zaffre" : `${title} · Zaffre`;
  }, [title]);
}
