// Debian's Firefox ESR, driven by WebDriver BiDi. Its pages answer to the same calls as Chromium's (page.mjs), as far as
// tests of both use them: goto, evaluate, on.
import puppeteer from "puppeteer-core";

export function launchFirefox() {
  return puppeteer.launch({ browser: "firefox", executablePath: "/usr/bin/firefox-esr", acceptInsecureCerts: true });
}
