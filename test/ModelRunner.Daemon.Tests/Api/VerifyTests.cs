using System.Text;
using System.Text.Json;
using ModelRunner.Daemon.Api;
using ModelRunner.Daemon.Responses;
using ModelRunner.Linux.Files;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Api;

/// <summary><c>POST /models/verify</c> and <c>model-runner verify</c>, of a real daemon.</summary>
public sealed class VerifyTests
{
    private static readonly string Gguf = Path.Join(Repository.Root, "models/tiny-chat.gguf");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Damage_of_a_loaded_model_is_named_and_its_file_stays()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup());
        Assert.Equal("There are no models in the model store.\n", await daemon.CommandAsync("verify"));
        await PackageAsync(daemon);
        Assert.Contains("me/mine:latest", await daemon.CommandAsync("verify", "me/mine"), StringComparison.Ordinal);
        Assert.Equal(200, await AskAsync(daemon));
        string blob = FindWeights(daemon);
        await DamageAsync(blob);

        (int exitCode, string output, string error) = await daemon.RunClientAsync(daemon.FolderPath, "verify");

        Assert.Equal(1, exitCode);
        Assert.EndsWith("model-runner: 1 of 1 model has damaged, missing or unreadable files\n", error, StringComparison.Ordinal);
        Assert.DoesNotContain("Waiting", error, StringComparison.Ordinal);
        Assert.Matches($"me/mine:latest: its file sha256:{Path.GetFileName(blob)} \\(weights\\) is damaged: its bytes have the digest sha256:[0-9a-f]{{64}}; the model is loaded", output);
        Assert.Equal(200, await AskAsync(daemon));
        Assert.True(File.Exists(blob));
    }

    [Fact]
    public async Task A_damaged_file_is_set_aside_and_the_same_package_repairs_it()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup());
        await PackageAsync(daemon);
        string blob = FindWeights(daemon);
        await DamageAsync(blob);

        JsonElement last = await VerifyAsync(daemon, """{"models":["me/mine"]}""");

        Assert.Equal(("error", "verify"), (last.GetProperty("type").GetString(), last.GetProperty("mode").GetString()));
        JsonElement bad = last.GetProperty("models")[0].GetProperty("files").EnumerateArray().Single(static file => file.GetProperty("state").GetString() != "whole");
        Assert.Equal(("damaged", "weights", true), (bad.GetProperty("state").GetString(), bad.GetProperty("role").GetString(), bad.GetProperty("set_aside").GetBoolean()));
        Assert.Contains("which was damaged and is set aside; pull, load or package the model again", (await daemon.RunClientAsync(daemon.FolderPath, "ls")).Error, StringComparison.Ordinal);
        Assert.Equal(1, (await daemon.GetAsync("engines/df")).GetProperty("damaged_files").GetProperty("count").GetInt32());
        Assert.NotEqual(200, await AskAsync(daemon));
        Assert.Contains("was set aside", daemon.Log, StringComparison.Ordinal);

        await PackageAsync(daemon);

        Assert.Equal("success", (await VerifyAsync(daemon, "")).GetProperty("type").GetString());
        Assert.Equal(200, await AskAsync(daemon));
        Assert.False(File.Exists(blob + ".damaged"));
    }

    /// <summary>What was done before the client left stays done, so it is logged, and the model is not served.</summary>
    [Fact]
    public async Task The_results_of_a_client_that_leaves_are_kept()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup());
        await PackageAsync(daemon);
        await daemon.CommandAsync("package", "--gguf", Gguf.Replace("chat", "embed", StringComparison.Ordinal), "me/other");
        foreach (string blob in Directory.GetFiles(Path.Join(daemon.FolderPath, "models/store/blobs/sha256")))
            await DamageAsync(blob);
        using FileLock taken = FileLock.TryTake(Path.Join(daemon.FolderPath, "models/store/.lock"))!;
        using var leaving = new CancellationTokenSource();
        Task<HttpResponseMessage> verifying = daemon.Client.PostAsync(new Uri("models/verify", UriKind.Relative), null, leaving.Token);

        // The next file waits for the lock meanwhile.
        await daemon.WaitForLogAsync("could not be set aside (another process has had the lock of the model store, its file .lock, for 10 s), so requests");
        Assert.False(verifying.IsCompleted);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => verifying);

        await DaemonFixture.WaitUntilAsync(IsNamedAsync, TimeSpan.FromSeconds(30));
        Assert.Single(daemon.Log.Split('\n'), static line => line.Contains("could not be set aside (", StringComparison.Ordinal));

        async Task<bool> IsNamedAsync() =>
            (await daemon.RunClientAsync(daemon.FolderPath, "ls")).Error.Contains("could not be set aside; verify the model until", StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_damaged_model_is_not_saved_and_unknown_models_have_their_error()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup());
        await PackageAsync(daemon);
        await DamageAsync(FindWeights(daemon));

        (int exitCode, _, string error) = await daemon.RunClientAsync(daemon.FolderPath, "save", "me/mine", "-o", "mine.tar");

        Assert.Equal((1, false), (exitCode, File.Exists(Path.Join(daemon.FolderPath, "mine.tar"))));
        Assert.Contains("\"model-runner verify me/mine\" finds damaged files", error, StringComparison.Ordinal);
        await daemon.WaitForLogAsync("stopped: the file sha256:");
        Assert.Equal(404, (await daemon.PostAsync("models/verify", """{"models":["me/none"]}""")).Status);
        Assert.Equal(409, (await daemon.PostAsync("models/verify", """{"models":["tiny-chat"]}""")).Status);
    }

    /// <summary>Without a valid list, all models would be hashed.</summary>
    [Theory]
    [InlineData("""{"models":"me/mine"}""", "models", "the request's body has no list \"models\" with the names of models; send nothing, or {\"models\": [\"ai/smollm2\"]}")]
    [InlineData("""{"models":[]}""", "models", "no list \"models\"")]
    [InlineData("""{"models":null}""", "models", "no list \"models\"")]
    [InlineData("{}", "models", "no list \"models\"")]
    [InlineData("[]", "models", "no list \"models\"")]
    [InlineData("""{"model":["me/mine"]}""", "model", "the request has the member \"model\", which is not known; did you mean \"models\"?")]
    [InlineData("""{"models":["me/mine"],"repair":true}""", "repair", "the request has the member \"repair\", which is not known; it may have models")]
    [InlineData("""{"models":["\ud800"]}""", null, "is not valid JSON")]
    public void A_body_without_a_list_of_models_is_refused(string body, string? param, string message)
    {
        ApiError error = Assert.Throws<ApiException>(() => VerifyRequest.Read(Encoding.UTF8.GetBytes(body))).Error;

        Assert.Equal((400, param), (error.Status, error.Param));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    /// <summary>The status was sent, so the connection ends. It is no mistake of the daemon, which would be logged with a stack trace.</summary>
    [Fact]
    public async Task A_file_that_becomes_shorter_while_it_is_sent_ends_the_archive_with_a_warning()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup());
        string large = Path.Join(daemon.FolderPath, "large.gguf");
        File.Copy(Gguf, large);
        await using (FileStream file = File.OpenWrite(large))
            file.SetLength(40_000_000);
        await daemon.CommandAsync("package", "--gguf", large, "me/large");
        using HttpResponseMessage response = await daemon.Client.GetAsync(
            new Uri("models/me/large/export", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, Token);
        Assert.True(response.IsSuccessStatusCode);
        await using Stream archive = await response.Content.ReadAsStreamAsync(Token);
        await using (var blob = new FileStream(FindWeights(daemon), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
            blob.SetLength(39_000_000);

        await Assert.ThrowsAnyAsync<IOException>(() => archive.CopyToAsync(Stream.Null, Token));

        await daemon.WaitForLogAsync("stopped: the file sha256:");
        Assert.Contains("became shorter", daemon.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", daemon.Log, StringComparison.Ordinal);
    }

    private static string FindWeights(DaemonFixture daemon) =>
        new DirectoryInfo(Path.Join(daemon.FolderPath, "models/store/blobs/sha256")).GetFiles().MaxBy(static file => file.Length)!.FullName;

    private static async Task<JsonElement> VerifyAsync(DaemonFixture daemon, string body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("models/verify", UriKind.Relative)) { Content = new StringContent(body) };
        request.Headers.Accept.ParseAdd("application/json");
        using HttpResponseMessage response = await daemon.Client.SendAsync(request, Token);
        string text = await response.Content.ReadAsStringAsync(Token);
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonDocument.Parse(text.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1]).RootElement;
    }

    private static async Task<int> AskAsync(DaemonFixture daemon) => (await daemon.PostAsync(
        "v1/chat/completions", """{"model":"me/mine","messages":[{"role":"user","content":"hello"}],"max_tokens":4}""")).Status;

    private static Task<string> PackageAsync(DaemonFixture daemon) => daemon.CommandAsync("package", "--gguf", Gguf, "me/mine");

    // As a bad disk does it: the file stays the same one.
    private static async Task DamageAsync(string path)
    {
        await using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        DateTime written = File.GetLastWriteTimeUtc(path);
        file.Position = file.Length - 1;
        int last = file.ReadByte();
        file.Position = file.Length - 1;
        file.WriteByte((byte)(last ^ 1));
        await file.FlushAsync(Token);
        File.SetLastWriteTimeUtc(file.SafeFileHandle, written);
    }
}
