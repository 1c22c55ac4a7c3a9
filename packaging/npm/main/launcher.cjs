#!/usr/bin/env node
// Starts the binary of the package for this platform, and stands aside: same input and output, same exit status, and
// signals are passed on.
"use strict";

const { spawn } = require("node:child_process");
const { constants } = require("node:os");
const { existsSync } = require("node:fs");

const SCOPE = "@webhook-cli";

function fail(message, hint) {
  process.stderr.write(`error: ${message}\n hint: ${hint}\n`);
  process.exit(2);
}

/** Names of the packages that can hold the binary, the best first. */
function packages() {
  const name = `${SCOPE}/${process.platform}-${process.arch}`;
  if (process.platform !== "linux") return [name];
  // npm installs the one for the C library of this system; where it installed both, the static one runs with either.
  // `process.report` would tell the library, but takes longer than all else here.
  const names = [name, `${name}-musl`];
  return existsSync("/etc/alpine-release") ? names.reverse() : names;
}

function binary() {
  const given = process.env.WEBHOOK_CLI_BINARY;
  if (given) {
    if (!existsSync(given)) fail(`WEBHOOK_CLI_BINARY names \`${given}\`, which does not exist`, "unset it");
    return given;
  }
  const file = process.platform === "win32" ? "webhook-cli.exe" : "webhook-cli";
  const names = packages();
  for (const name of names) {
    try {
      return require.resolve(`${name}/bin/${file}`);
    } catch {
      // The next one may be installed.
    }
  }
  fail(
    `the package \`${names[0]}\` is not installed, which holds the program for this platform`,
    `a lockfile made on another system may lack it: \`npm install ${names[0]}\`, without \`--omit=optional\``,
  );
}

const path = binary();
const child = spawn(path, process.argv.slice(2), { stdio: "inherit" });

const pass = (signal) => child.kill(signal);
process.on("SIGTERM", pass);
process.on("SIGHUP", pass);
process.on("SIGINT", () => {
  // A terminal sends it to both, and a second one would mean "leave at once".
  if (!process.stdin.isTTY) pass("SIGINT");
});

child.on("error", (error) => fail(`cannot start \`${path}\`: ${error.message}`, "install the package again"));
child.on("exit", (code, signal) => {
  process.exit(signal ? 128 + constants.signals[signal] : code);
});
