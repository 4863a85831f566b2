using System.Net;
using System.Text.Json;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Api;

/// <summary>Uploads that stall, disks that are full, and names that nobody can read, in a real daemon.</summary>
public sealed class StoreFaultTests
{
    private static readonly string Gguf = Path.Join(Repository.Root, "models/tiny-chat.gguf");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Before, the daemon waited for the rest of the archive until it was ended by force.</summary>
    [Fact]
    public async Task An_upload_that_stalls_does_not_hold_the_end_of_the_daemon()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup());
        await PackageAsync(daemon);
        byte[] archive = await daemon.Client.GetByteArrayAsync(new Uri("models/me/mine/export", UriKind.Relative), Token);
        using HttpResponseMessage removed = await daemon.Client.DeleteAsync(new Uri("models/me/mine", UriKind.Relative), Token);
        Assert.True(removed.IsSuccessStatusCode);
        using var content = new StalledContent(archive[..500_000]);
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("models/load", UriKind.Relative)) { Content = content };
        Task<HttpResponseMessage> loading = daemon.Client.SendAsync(request, Token);
        string blobs = Path.Join(daemon.FolderPath, "models/store/blobs/sha256");
        await DaemonFixture.WaitUntilAsync(() => Task.FromResult(Directory.GetFiles(blobs, "*.load.incomplete").Length == 1), DaemonFixture.Patience);

        await daemon.EndAsync().WaitAsync(TimeSpan.FromSeconds(20), Token);

        Assert.Equal(2, daemon.Log.Split("an archive was not loaded: the daemon ends").Length);
        Assert.DoesNotContain(" ERROR ", daemon.Log, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(blobs));
        content.End();
        await Assert.ThrowsAnyAsync<Exception>(async () => (await loading).EnsureSuccessStatusCode());
    }

    [Fact]
    public async Task A_model_with_a_name_that_is_no_name_is_not_pushed()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup());
        string id = await PackageAsync(daemon);
        string index = Path.Join(daemon.FolderPath, "models/store/models.json");
        string text = await File.ReadAllTextAsync(index, Token);
        await File.WriteAllTextAsync(index, text.Replace("docker.io/me/mine:latest", "Bad Name", StringComparison.Ordinal), Token);

        (int status, JsonElement body) = await daemon.PostAsync($"models/{id}/push", "");

        string message = body.GetProperty("error").GetProperty("message").GetString()!;
        Assert.True(status == 400, message);
        Assert.StartsWith("the name \"Bad Name\" of the model ", message, StringComparison.Ordinal);
        Assert.Contains("with tag", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_push_names_a_file_of_authorities_that_cannot_be_used()
    {
        using var folder = new TemporaryFolder();
        using var certificates = new TestCertificates(folder);
        string authorities = certificates.AuthorityPath;
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            Environment = new Dictionary<string, string?> { ["MODEL_RUNNER_REGISTRY_CA_FILE"] = authorities },
        });
        await PackageAsync(daemon);
        await File.WriteAllTextAsync(authorities, "no certificate any more", Token);

        (int status, JsonElement body) = await daemon.PostAsync("models/me/mine/push", "");

        Assert.Equal(502, status);
        Assert.Contains(authorities, body.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_full_disk_is_named_by_repackage_and_prune_and_rm_still_work()
    {
        Prerequisite.Require(Environment.IsPrivilegedProcess, "Only root can mount a small file system.");
        using var folder = new TemporaryFolder();
        await using SmallFileSystem disk = await SmallFileSystem.MountAsync(Path.Join(folder.Path, "disk"), "3m");
        await using (DaemonFixture first = await DaemonFixture.StartAsync(new DaemonSetup()))
        {
            await PackageAsync(first);
            CopyFolder(Path.Join(first.FolderPath, "models/store"), Path.Join(disk.Path, "store"));
        }

        string partial = Path.Join(disk.Path, "store/blobs/sha256", new string('a', 64) + ".incomplete");
        await File.WriteAllBytesAsync(partial, new byte[8192], Token);

        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            Environment = new Dictionary<string, string?> { ["MODELS_PATH"] = disk.Path },
        });
        disk.Fill();

        (int status, JsonElement body) = await daemon.PostAsync("models/me/mine/repackage", """{"target":"me/small","context_size":700}""");

        string message = body.GetProperty("error").GetProperty("message").GetString()!;
        Assert.True(status == 507, message);
        Assert.Contains("make space", message, StringComparison.Ordinal);
        Assert.DoesNotContain("pull", message, StringComparison.Ordinal);
        Assert.DoesNotContain(" ERROR ", daemon.Log, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await daemon.Client.GetAsync(new Uri("models/me/mine", UriKind.Relative), Token)).StatusCode);
        Assert.Equal([partial], Directory.GetFiles(disk.Path, "*.incomplete", SearchOption.AllDirectories));

        Assert.Contains("became free", await daemon.CommandAsync("prune"), StringComparison.Ordinal);
        Assert.False(File.Exists(partial));
        disk.Fill();
        Assert.Contains("Removed the model", await daemon.CommandAsync("rm", "me/mine"), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(Path.Join(disk.Path, "store/blobs"), "*", SearchOption.AllDirectories));
        Assert.Equal(HttpStatusCode.NotFound, (await daemon.Client.GetAsync(new Uri("models/me/mine", UriKind.Relative), Token)).StatusCode);
        Assert.DoesNotContain(" ERROR ", daemon.Log, StringComparison.Ordinal);
    }

    private static async Task<string> PackageAsync(DaemonFixture daemon)
    {
        string output = await daemon.CommandAsync("package", "--gguf", Gguf, "me/mine", "--json");
        return JsonDocument.Parse(output).RootElement.GetProperty("id").GetString()!;
    }

    private static void CopyFolder(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (string file in Directory.GetFiles(from))
            File.Copy(file, Path.Join(to, Path.GetFileName(file)));
        foreach (string folder in Directory.GetDirectories(from))
            CopyFolder(folder, Path.Join(to, Path.GetFileName(folder)));
    }
}
