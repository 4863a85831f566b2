using System.Diagnostics;
using System.Net;
using ModelRunner.Testing;

namespace ModelRunner.EndToEnd.Tests.Publishing;

/// <summary>TLS of the program as it is given to people: native code makes certificates and uses the system's OpenSSL.</summary>
[Collection(nameof(PublishedGroup))]
public sealed class PublishedTlsTests(PublishedFolder published)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_makes_an_authority_and_serves_TLS_that_clients_and_commands_trust()
    {
        string program = Path.Join(await published.RequireAsync(), "model-runner");
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { Program = program, HasTcp = true, Arguments = ["--tls-auto"] });
        string authority = Path.Join(daemon.FolderPath, "state", "model-runner", "tls", "authority.pem");
        using var client = new HttpClient(TestCertificates.Trusting(authority))
        {
            BaseAddress = daemon.TcpAddress, DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };

        string models = await client.GetStringAsync(new Uri("v1/models", UriKind.Relative), Cancellation);
        var start = new ProcessStartInfo(program, ["ls", "--host", $"https://localhost:{daemon.TcpAddress.Port}"])
        {
            RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false,
            Environment = { ["XDG_RUNTIME_DIR"] = Path.Join(daemon.FolderPath, "run") },
        };
        using Process command = Process.Start(start)!;
        string listed = await command.StandardOutput.ReadToEndAsync(Cancellation);
        await command.WaitForExitAsync(Cancellation);

        Assert.Contains("\"tiny-chat:latest\"", models, StringComparison.Ordinal);
        Assert.Contains("tiny-chat:latest", listed, StringComparison.Ordinal);
        Assert.Equal(0, command.ExitCode);
    }

    [Fact]
    public async Task A_Debian_without_OpenSSL_refuses_TLS_in_one_sentence()
    {
        string system = Prerequisite.Require(
            Environment.GetEnvironmentVariable("BARE_DEBIAN_PATH"), "There is no bare Debian: set BARE_DEBIAN_PATH (eng/get-bare-debian.sh makes one, as root).");
        string folder = await published.RequireAsync();
        using var name = new TemporaryFolder();
        string place = Directory.CreateDirectory(Path.Join(system, "opt", Path.GetFileName(name.Path))).FullName;
        try
        {
            using (Process copy = Process.Start("cp", ["-r", folder, Path.Join(place, "program")]))
                await copy.WaitForExitAsync(Cancellation);
            string inside = place[system.Length..];
            string script = $"cd {inside} && exec ./program/model-runner serve --port 0 --tls-auto --state-path {inside}/state";
            var start = new ProcessStartInfo("/usr/sbin/chroot", [system, "/bin/sh", "-c", script])
            {
                RedirectStandardError = true, UseShellExecute = false,
            };

            // The variables of this machine name files that are not in that system.
            start.Environment.Clear();
            start.Environment["HOME"] = "/tmp";
            using Process process = Process.Start(start)!;
            string error = await process.StandardError.ReadToEndAsync(Cancellation);
            await process.WaitForExitAsync(Cancellation);

            Assert.Equal(2, process.ExitCode);
            Assert.Contains("needs TLS, and this system has no OpenSSL", Assert.Single(error.Trim().Split('\n')), StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(place, recursive: true);
        }
    }
}
