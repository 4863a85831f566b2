using ModelRunner.Testing;
using ModelRunner.Testing.Registries;

namespace ModelRunner.Daemon.Tests.Api;

/// <summary>The options of registries and of the rate, with real registries.</summary>
public sealed class PullRegistryTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_registry_with_an_authority_of_its_own_is_trusted_if_the_file_names_it()
    {
        using var folder = new TemporaryFolder();
        using var authority = new TestCertificates(folder);
        await using RegistryProcess registry = await RegistryProcess.StartAsync(new RegistrySetup { Tls = authority }, Token);
        RegistryModel model = RegistryModel.Make([.. "GGUF"u8, .. new byte[100]]);
        await model.PushAsync(registry, Token);
        string name = $"{registry.Host}/{model.Repository}";

        await using (DaemonFixture strict = await DaemonFixture.StartAsync())
        {
            (int refused, string _, string error) = await strict.RunClientAsync(strict.FolderPath, "pull", name);
            Assert.Equal(1, refused);
            Assert.Contains("which this system does not trust", error, StringComparison.Ordinal);
        }

        await using DaemonFixture daemon = await DaemonFixture.StartAsync(
            new DaemonSetup { Configuration = $$"""{ "registries": { "caFile": "{{authority.AuthorityPath}}" } }""" });
        (int code, string output, string _) = await daemon.RunClientAsync(daemon.FolderPath, "pull", name);
        Assert.Equal((0, "Model pulled successfully\n"), (code, output));
    }

    /// <summary>The file that .NET and OpenSSL read too.</summary>
    [Fact]
    public async Task The_file_of_the_system_may_be_named_by_SSL_CERT_FILE()
    {
        using var folder = new TemporaryFolder();
        using var authority = new TestCertificates(folder);
        await using RegistryProcess registry = await RegistryProcess.StartAsync(new RegistrySetup { Tls = authority }, Token);
        RegistryModel model = RegistryModel.Make([.. "GGUF"u8, .. new byte[100]]);
        await model.PushAsync(registry, Token);
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(
            new DaemonSetup { Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["SSL_CERT_FILE"] = authority.AuthorityPath } });

        (int code, string output, string _) = await daemon.RunClientAsync(daemon.FolderPath, "pull", $"{registry.Host}/{model.Repository}");

        Assert.Equal((0, "Model pulled successfully\n"), (code, output));
    }

    /// <summary>What a mirror gets that asks for credentials is tested with the client of registries.</summary>
    [Fact]
    public async Task A_mirror_serves_Docker_Hub_and_never_gets_its_credentials()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Token);
        RegistryModel model = RegistryModel.MakeTinyChat();
        await model.PushAsync(registry, Token);
        await using FaultProxy mirror = await FaultProxy.StartAsync(registry.Address);
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal)
            {
                ["MODEL_RUNNER_REGISTRY_MIRRORS"] = mirror.Address.AbsoluteUri, ["DOCKER_USERNAME"] = "ann", ["DOCKER_PASSWORD"] = "secret",
            },
        });

        (int code, string output, string error) = await daemon.RunClientAsync(daemon.FolderPath, "run", "tiny", "hello");

        Assert.Equal(0, code);
        Assert.NotEqual("", output);
        Assert.Contains("The model is not there; pulling ai/tiny.\n", error, StringComparison.Ordinal);
        Assert.NotEmpty(mirror.Requests);
        Assert.All(mirror.Requests, static request => Assert.Null(request.Header("Authorization")));
        Assert.DoesNotContain("secret", daemon.Log + error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_limit_of_the_rate_holds()
    {
        const int length = 1 << 20;
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Token);
        RegistryModel model = RegistryModel.Make([.. "GGUF"u8, .. new byte[length]]);
        await model.PushAsync(registry, Token);
        using var folder = new TemporaryFolder();
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(
            new DaemonSetup { Folder = folder, Configuration = """{ "pull": { "limit": "256KiB/s" } }""" });
        long start = TimeProvider.System.GetTimestamp();

        (int code, string _, string _) = await daemon.RunClientAsync(daemon.FolderPath, "pull", $"{registry.Host}/{model.Repository}");

        // Four seconds without the quarter of a second that is free.
        TimeSpan elapsed = TimeProvider.System.GetElapsedTime(start);
        Assert.Equal(0, code);
        Assert.True(elapsed > TimeSpan.FromSeconds(3), $"1 MiB with 256 KiB/s took only {elapsed}");
    }
}
