{
  description = "Receive, send, replay and check email webhooks on localhost";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs = { self, nixpkgs }:
    let
      systems = [ "x86_64-linux" "aarch64-linux" "x86_64-darwin" "aarch64-darwin" ];
      each = make: nixpkgs.lib.genAttrs systems (system: make nixpkgs.legacyPackages.${system});
      manifest = (builtins.fromTOML (builtins.readFile ../Cargo.toml)).package;
    in
    {
      packages = each (pkgs: {
        default = pkgs.rustPlatform.buildRustPackage {
          pname = manifest.name;
          version = manifest.version;
          src = ../.;
          cargoLock.lockFile = ../Cargo.lock;
          # The tests use shells and ports that a sandbox does not have.
          doCheck = false;
          nativeBuildInputs = [ pkgs.installShellFiles ];
          postInstall = ''
            $out/bin/webhook-cli man --dir man
            installManPage man/*.1
            installShellCompletion completions/webhook-cli.bash completions/webhook-cli.fish \
              --zsh completions/_webhook-cli
          '';
          meta = {
            description = manifest.description;
            homepage = manifest.homepage;
            license = with nixpkgs.lib.licenses; [ mit asl20 ];
            mainProgram = "webhook-cli";
          };
        };
      });

      apps = each (pkgs: {
        default = {
          type = "app";
          program = "${self.packages.${pkgs.system}.default}/bin/webhook-cli";
        };
      });
    };
}
