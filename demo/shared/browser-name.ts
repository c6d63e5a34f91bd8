// Names the browser. Must not know any page.

/** Browser, version and system out of a user agent; the agent itself when it is of another form. */
export function browserName(userAgent: string): string {
  const system = /\(([^)]*)\)/.exec(userAgent)?.[1];
  const names: [pattern: RegExp, name: string][] = [
    [/Edg\/(\d+)/, "Edge"],
    [/OPR\/(\d+)/, "Opera"],
    [/Firefox\/(\d+)/, "Firefox"],
    [/Chrome\/(\d+)/, "Chrome"],
    [/Version\/([\d.]+).*Safari/, "Safari"],
  ];
  for (const [pattern, name] of names) {
    const version = pattern.exec(userAgent)?.[1];
    if (version && system) return `${name} ${version} (${system})`;
  }
  return userAgent;
}
