using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;
using ModelRunner.Testing;
using ModelRunner.Testing.Registries;

namespace ModelRunner.Daemon.Tests.Checks;

/// <summary>The daemon is killed at any moment of a pull, again and again over the same store.</summary>
[Collection(CheckGroup.Name)]
public sealed partial class PullDeathChecks
{
    private const int Length = 3_000_000;
    private const int Piece = 64 * 1024;
    private static readonly int Rounds = Figures.Count(usual: 12, full: 100);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task After_SIGKILL_at_any_moment_every_listed_model_is_whole_and_the_next_pull_finishes()
    {
        using var folder = new TemporaryFolder();
        await using LoopbackServer registry = await LoopbackServer.StartAsync(AnswerAsync);
        var random = new Random(Rounds);
        int number = 0, interrupted = 0;
        for (int round = 0; round < Rounds; round++)
        {
            await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { Folder = folder });
            Task<string?> pull = PullAsync(daemon, NameOf(registry, number));

            // From the first request to the registry until the model is listed.
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(5, 1500)), Token);
            await daemon.KillAsync();
            string? last = await pull;
            interrupted += last is null ? 1 : 0;
            StoreIndex index = CheckStore(folder);
            if (index.Find(NameOf(registry, number)) is not null)
                number++;
            Assert.True(last is null || last.Contains("\"success\"", StringComparison.Ordinal), last);
        }

        await using DaemonFixture final = await DaemonFixture.StartAsync(new DaemonSetup { Folder = folder });
        string? end = await PullAsync(final, NameOf(registry, number));
        Assert.Contains("\"success\"", end, StringComparison.Ordinal);
        StoreIndex whole = CheckStore(folder);
        Assert.Equal(number + 1, whole.Entries.Count);
        Assert.True(interrupted > Rounds / 4, $"only {interrupted} of {Rounds} pulls were interrupted");
        Figures.Print($"{Rounds} kills, {interrupted} during a pull, {whole.Entries.Count} models whole");
    }

    private static StoreIndex CheckStore(TemporaryFolder folder)
    {
        string[] layouts = Directory.GetFiles(folder.Path, StoreFolder.LayoutFileName, SearchOption.AllDirectories);
        if (layouts.Length == 0)
            return StoreIndex.Empty;
        var store = new StoreFolder(Path.GetDirectoryName(Assert.Single(layouts))!);
        StoreIndex index = StoreIndexFile.Read(store);
        foreach (StoreEntry entry in index.Entries)
        {
            Assert.Equal(entry.Id, ContentHash.Of(ManifestFile.ReadBytes(store, entry.Id)));
            Assert.All(entry.Files, file => Assert.True(ContentHash.Matches(File.ReadAllBytes(store.BlobOf(file)), file)));
        }

        return index;
    }

    /// <returns>The last line; null: the daemon ended before.</returns>
    private static async Task<string?> PullAsync(DaemonFixture daemon, string name)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "models/create")
            {
                Content = new StringContent($$"""{"from":"{{name}}"}""", Encoding.UTF8, "application/json"),
            };
            request.Headers.Accept.ParseAdd("application/json");
            using HttpResponseMessage response = await daemon.Client.SendAsync(request, Token);
            return (await response.Content.ReadAsStringAsync(Token)).TrimEnd('\n').Split('\n')[^1];
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    private static string NameOf(LoopbackServer registry, int number) =>
        string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{registry.Address.Port}/ai/m{number}:latest");

    private static RegistryModel ModelOf(int number)
    {
        byte[] layer = new byte[Length];
        new Random(number).NextBytes(layer);
        "GGUF"u8.CopyTo(layer);
        return RegistryModel.Make(layer, string.Create(CultureInfo.InvariantCulture, $"ai/m{number}"));
    }

    // A registry that sends a model within half a second, and continues a file where it is asked to.
    private static async Task AnswerAsync(HttpContext context)
    {
        string path = context.Request.Path.Value!;
        if (Pattern().Match(path) is not { Success: true } match)
            return;
        RegistryModel model = ModelOf(int.Parse(match.Groups["number"].Value, CultureInfo.InvariantCulture));
        if (path.Contains("/manifests/", StringComparison.Ordinal))
        {
            context.Response.ContentType = RegistryModel.MediaType;
            await context.Response.Body.WriteAsync(model.Manifest, context.RequestAborted);
            return;
        }

        byte[] bytes = path.EndsWith(model.LayerDigest, StringComparison.Ordinal) ? model.Layer : model.Config;
        int start = 0;
        if (context.Request.Headers.Range.ToString() is { Length: > 0 } range)
        {
            start = int.Parse(range["bytes=".Length..].TrimEnd('-'), CultureInfo.InvariantCulture);
            context.Response.StatusCode = StatusCodes.Status206PartialContent;
            context.Response.Headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes {start}-{bytes.Length - 1}/{bytes.Length}");
        }

        context.Response.ContentType = "application/octet-stream";
        context.Response.ContentLength = bytes.Length - start;
        for (; start < bytes.Length; start += Piece)
        {
            await context.Response.Body.WriteAsync(bytes.AsMemory(start, Math.Min(Piece, bytes.Length - start)), context.RequestAborted);
            await Task.Delay(8, context.RequestAborted);
        }
    }

    [GeneratedRegex("^/v2/ai/m(?<number>[0-9]+)/", RegexOptions.CultureInvariant)]
    private static partial Regex Pattern();
}
