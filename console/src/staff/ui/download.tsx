// Files of the back office. A plain link would be asked for with the portal's session: which one is meant stands in a
// header, so the page fetches the file and hands it over.
import { useMutation } from "@tanstack/react-query";
import { App, Button } from "antd";
import { consoleHeaders } from "../../api/client";
import { Problem, problemOf } from "../../api/problem";
import { useTexts } from "../../i18n";

/** The content of a path, for whoever is signed in here. */
export async function fetched(path: string): Promise<{ blob: Blob; name: string }> {
  const response = await fetch(path, { headers: consoleHeaders(), credentials: "same-origin" });
  if (!response.ok) throw await problemOf(response);
  const named = /filename="?([^";]+)"?/.exec(response.headers.get("content-disposition") ?? "")?.[1];
  return { blob: await response.blob(), name: named ?? "purser" };
}

export function useSave() {
  const { language } = useTexts();
  const { message } = App.useApp();
  return useMutation({
    mutationFn: async ({ path, name }: { path: string; name?: string }) => {
      const found = await fetched(path);
      const url = URL.createObjectURL(found.blob);
      const link = document.createElement("a");
      link.href = url;
      link.download = name ?? found.name;
      link.click();
      // The browser has begun to read it by then.
      setTimeout(() => URL.revokeObjectURL(url), 10_000);
    },
    onError: (error) => message.error(error instanceof Problem ? error.sentence(language) : String(error)),
  });
}

export function Download({ path, name, text }: { path: string; name?: string; text?: string }) {
  const { t } = useTexts();
  const save = useSave();
  return (
    <Button loading={save.isPending} onClick={() => save.mutate(name === undefined ? { path } : { path, name })}>
      {text ?? t("common.export")}
    </Button>
  );
}
