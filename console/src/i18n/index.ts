// Which language a page speaks, and how it finds its texts.
import i18next from "i18next";
import { initReactI18next, useTranslation } from "react-i18next";
import { en } from "./en";
import type { StaffKey } from "./staff.zh";
import { type TextKey as PortalKey, zh } from "./zh";

export type Language = "zh-CN" | "en";
/** Texts that a page may ask for; those of the back office are there only where it brings them. */
export type TextKey = PortalKey | StaffKey;
export type More = Record<Language, Record<string, string>>;

const STORED = "purser.language";

/** What was chosen here before, else what the browser prefers; Chinese where it prefers neither. */
function preferred(): Language {
  const chosen = localStorage.getItem(STORED);
  if (chosen === "zh-CN" || chosen === "en") return chosen;
  const known = navigator.languages.find((tag) => /^(zh|en)\b/.test(tag));
  return known?.startsWith("en") ? "en" : "zh-CN";
}

/** `more` are texts besides those of the portal, which every page has. */
export async function startLanguage(more?: More): Promise<void> {
  const language = preferred();
  await i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: false,
    keySeparator: false,
    nsSeparator: false,
    // React escapes what it shows.
    interpolation: { escapeValue: false },
    resources: {
      "zh-CN": { translation: { ...zh, ...more?.["zh-CN"] } },
      en: { translation: { ...en, ...more?.en } },
    },
  });
  document.documentElement.lang = language;
}

export function speak(language: Language): void {
  localStorage.setItem(STORED, language);
  document.documentElement.lang = language;
  void i18next.changeLanguage(language);
}

export interface Texts {
  language: Language;
  t: (key: TextKey, values?: Record<string, string | number>) => string;
  /** The text of a stable code, or the code itself where a newer server has codes that this page does not know. */
  named: (prefix: string, code: string) => string;
  /** Whether a stable code has a text. */
  knows: (prefix: string, code: string) => boolean;
  /** Of two texts that the server sent, the one to show. */
  either: (texts: { zh: string; en: string }) => string;
}

export function useTexts(): Texts {
  const { t, i18n } = useTranslation();
  const language: Language = i18n.language === "en" ? "en" : "zh-CN";
  return {
    language,
    t: (key, values) => t(key, values ?? {}),
    named: (prefix, code) => (i18n.exists(`${prefix}.${code}`) ? t(`${prefix}.${code}`) : code),
    knows: (prefix, code) => i18n.exists(`${prefix}.${code}`),
    either: (texts) => (language === "en" ? texts.en : texts.zh),
  };
}
