const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

export const escapeHtml = (text: string): string => text.replaceAll(/[&<>"']/g, (sign) => entities[sign] ?? sign)

/** A whole page: no script, nothing from elsewhere, styles inside. */
export function pageHtml(title: string, main: string, navigation = ''): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
${navigation && `<nav aria-label="Operations">${navigation}</nav>`}
<main id="main">
${main}
</main>
</body>
</html>
`
}

/** Contrast of text on its ground is at least 7:1 in both schemes, that of the small labels 4.5:1. */
const style = `
:root{--ground:#fff;--text:#1b1f24;--soft:#4b5563;--line:#d5dae1;--code:#f2f4f7;--link:#0a4fb3}
@media(prefers-color-scheme:dark){:root{--ground:#12161b;--text:#e8ebef;--soft:#b3bcc8;--line:#38414d;--code:#1d242c;--link:#8ab8ff}}
*{box-sizing:border-box}
html{scroll-padding-top:1rem}
body{margin:0;background:var(--ground);color:var(--text);font:1rem/1.55 system-ui,sans-serif;display:flex;flex-wrap:wrap;justify-content:center}
main{flex:1 1 30rem;max-width:60rem;min-width:0;padding:1.5rem}
nav{flex:0 1 18rem;padding:1.5rem;font-size:.9rem;border-bottom:1px solid var(--line)}
@media(min-width:64rem){nav{position:sticky;top:0;height:100vh;overflow:auto;border-bottom:0;border-right:1px solid var(--line)}}
nav ul{list-style:none;margin:0 0 1rem;padding:0}
nav h2{font-size:.9rem;margin:0 0 .25rem;border:0;padding:0}
nav a{display:block;padding:.15rem 0;overflow-wrap:anywhere}
h1{font-size:1.75rem;line-height:1.2}
h2{margin-top:2.5rem;border-top:1px solid var(--line);padding-top:1.5rem}
h3{margin-top:2rem;overflow-wrap:anywhere}
a{color:var(--link)}
a:focus-visible,pre:focus-visible,summary:focus-visible,div:focus-visible{outline:3px solid var(--link);outline-offset:2px}
code,pre{font:.875rem/1.5 ui-monospace,monospace;background:var(--code);border-radius:.25rem}
code{padding:.1rem .3rem;overflow-wrap:anywhere}
pre{padding:.75rem;overflow:auto}
pre code{padding:0;background:none}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{text-align:left;vertical-align:top;padding:.35rem .75rem .35rem 0;border-bottom:1px solid var(--line)}
td p{margin:.2rem 0}
summary{cursor:pointer;color:var(--link)}
.soft{color:var(--soft)}
.skip{position:absolute;left:-99rem}
.skip:focus{left:1rem;top:1rem;background:var(--ground);padding:.5rem}
`
