// How everything looks: Ant Design's language with colours that are readable for everybody (WCAG 2.2 AA).
import { ConfigProvider, type ThemeConfig, theme } from "antd";
import enUS from "antd/locale/en_US";
import zhCN from "antd/locale/zh_CN";
import { type PropsWithChildren, createContext, useContext, useEffect, useMemo, useState } from "react";
import { useTexts } from "../i18n";

const STORED = "purser.theme";

interface Appearance {
  dark: boolean;
  toggle: () => void;
}

const AppearanceContext = createContext<Appearance>({ dark: false, toggle: () => undefined });

export const useAppearance = (): Appearance => useContext(AppearanceContext);

function startsDark(): boolean {
  const chosen = localStorage.getItem(STORED);
  return chosen === null ? matchMedia("(prefers-color-scheme: dark)").matches : chosen === "dark";
}

function themeOf(dark: boolean, still: boolean): ThemeConfig {
  const shared = {
    borderRadius: 6,
    motion: !still,
    fontFamily:
      'system-ui, -apple-system, "Segoe UI", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif',
  };
  if (dark) {
    return {
      algorithm: theme.darkAlgorithm,
      token: {
        ...shared,
        colorPrimary: "#1668dc",
        colorError: "#ff7875",
        colorLink: "#69b1ff",
        colorTextSecondary: "rgba(255,255,255,0.75)",
        colorTextTertiary: "rgba(255,255,255,0.68)",
        colorTextDescription: "rgba(255,255,255,0.68)",
        colorTextPlaceholder: "rgba(255,255,255,0.6)",
        colorTextDisabled: "rgba(255,255,255,0.5)",
      },
    };
  }
  return {
    algorithm: theme.defaultAlgorithm,
    token: {
      ...shared,
      colorPrimary: "#0958d9",
      colorError: "#cf1322",
      colorLink: "#0958d9",
      colorTextSecondary: "rgba(0,0,0,0.68)",
      colorTextTertiary: "rgba(0,0,0,0.62)",
      colorTextDescription: "rgba(0,0,0,0.62)",
      colorTextPlaceholder: "rgba(0,0,0,0.58)",
      colorTextDisabled: "rgba(0,0,0,0.5)",
    },
  };
}

export function Themed({ children }: PropsWithChildren) {
  const [dark, setDark] = useState(startsDark);
  const { language } = useTexts();
  const still = useMemo(() => matchMedia("(prefers-reduced-motion: reduce)").matches, []);
  useEffect(() => {
    document.documentElement.dataset.theme = dark ? "dark" : "light";
  }, [dark]);
  const appearance = useMemo(
    () => ({
      dark,
      toggle: () => {
        localStorage.setItem(STORED, dark ? "light" : "dark");
        setDark(!dark);
      },
    }),
    [dark],
  );
  return (
    <AppearanceContext value={appearance}>
      <ConfigProvider theme={themeOf(dark, still)} locale={language === "en" ? enUS : zhCN} button={{ autoInsertSpace: false }}>
        {children}
      </ConfigProvider>
    </AppearanceContext>
  );
}
