#!/usr/bin/env node
// Makes the npm packages from built binaries: one for each platform, and the main one, which depends on them.
//
//   node packaging/npm/make.mjs --binary linux-x64=target/release/webhook-cli [--binary …] --out DIR
//
// Platforms are named as npm names them: {linux,darwin,win32}-{x64,arm64}, and linux-{x64,arm64}-musl for a static
// binary. Nothing is written but DIR/*.tgz.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = join(HERE, "..", "..");
const NAME = "webhook-cli";
const SCOPE = "@webhook-cli";
const PLATFORM = /^(?<os>linux|darwin|win32)-(?<cpu>x64|arm64)(?<libc>-musl)?$/;

function fail(message) {
  process.stderr.write(`error: ${message}\n`);
  process.exit(2);
}

function settings(words) {
  const binaries = new Map();
  let out;
  while (words.length > 0) {
    const [flag, value] = words.splice(0, 2);
    if (value === undefined) fail(`\`${flag}\` needs a value`);
    if (flag === "--out") {
      out = value;
    } else if (flag === "--binary") {
      const at = value.indexOf("=");
      const [platform, path] = [value.slice(0, at), value.slice(at + 1)];
      if (at < 0 || !PLATFORM.test(platform)) fail(`\`${value}\` is not PLATFORM=PATH, such as linux-x64=PATH`);
      if (platform.endsWith("-musl") && !platform.startsWith("linux")) fail(`there is no \`${platform}\``);
      binaries.set(platform, path);
    } else {
      fail(`unknown flag \`${flag}\`; use --binary PLATFORM=PATH and --out DIR`);
    }
  }
  if (!out || binaries.size === 0) fail("--binary PLATFORM=PATH and --out DIR are needed");
  return { binaries, out };
}

/** Value of a key of `[package]` in Cargo.toml. */
function cargo(key) {
  const text = readFileSync(join(ROOT, "Cargo.toml"), "utf8");
  const section = text.split(/^\[package\]$/m)[1].split(/^\[/m)[0];
  return section.match(new RegExp(`^${key} = "(.*)"$`, "m"))?.[1] ?? fail(`Cargo.toml has no ${key}`);
}

/** A tar archive; the files are in `package/`, as npm wants it. */
function tar(files) {
  const blocks = [];
  for (const { name, data, mode } of files) {
    const header = Buffer.alloc(512);
    const octal = (value, length) => value.toString(8).padStart(length - 1, "0") + "\0";
    header.write(`package/${name}`, 0, 100);
    header.write(octal(mode, 8), 100);
    header.write(octal(0, 8), 108);
    header.write(octal(0, 8), 116);
    header.write(octal(data.length, 12), 124);
    // The same bytes whenever it is made; npm itself uses this moment.
    header.write(octal(499162500, 12), 136);
    header.write("        ", 148);
    header.write("0", 156);
    header.write("ustar\0" + "00", 257);
    const sum = header.reduce((sum, byte) => sum + byte, 0);
    header.write(octal(sum, 7) + " ", 148);
    blocks.push(header, data, Buffer.alloc((512 - (data.length % 512)) % 512));
  }
  blocks.push(Buffer.alloc(1024));
  return Buffer.concat(blocks);
}

function pack(out, manifest, files) {
  const json = Buffer.from(JSON.stringify(manifest, null, 2) + "\n");
  const all = [{ name: "package.json", data: json, mode: 0o644 }, ...files];
  const file = `${manifest.name.replace("@", "").replace("/", "-")}-${manifest.version}.tgz`;
  writeFileSync(join(out, file), gzipSync(tar(all), { level: 9 }));
  process.stdout.write(`${join(out, file)}\n`);
}

const { binaries, out } = settings(process.argv.slice(2));
const version = cargo("version");
const common = {
  version,
  description: cargo("description"),
  license: cargo("license"),
  homepage: cargo("homepage"),
  repository: { type: "git", url: `git+${cargo("repository")}.git` },
};
const text = (name) => ({ name, data: readFileSync(join(ROOT, name)), mode: 0o644 });
const licences = [text("LICENSE-MIT"), text("LICENSE-APACHE")];

mkdirSync(out, { recursive: true });
for (const [platform, path] of binaries) {
  const { os, cpu, libc } = PLATFORM.exec(platform).groups;
  let data;
  try {
    data = readFileSync(path);
  } catch (error) {
    fail(`cannot read ${path}: ${error.message}`);
  }
  const file = os === "win32" ? "bin/webhook-cli.exe" : "bin/webhook-cli";
  const manifest = {
    name: `${SCOPE}/${platform}`,
    ...common,
    description: `The program of ${NAME} for ${platform}`,
    os: [os],
    cpu: [cpu],
    ...(os === "linux" && !libc ? { libc: ["glibc"] } : {}),
    preferUnplugged: true,
  };
  pack(out, manifest, [{ name: file, data, mode: 0o755 }, ...licences]);
}
const launcher = readFileSync(join(HERE, "main", "launcher.cjs"));
const main = {
  name: NAME,
  ...common,
  keywords: ["webhook", "email", "cli", "testing", "sendgrid", "mailgun", "postmark", "ses", "resend"],
  bin: { [NAME]: "bin/launcher.cjs" },
  engines: { node: ">=18" },
  optionalDependencies: Object.fromEntries([...binaries.keys()].map((platform) => [`${SCOPE}/${platform}`, version])),
};
pack(out, main, [{ name: "bin/launcher.cjs", data: launcher, mode: 0o755 }, text("README.md"), ...licences]);
