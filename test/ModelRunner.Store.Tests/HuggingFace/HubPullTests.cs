using System.Text.Json;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;
using ModelRunner.Store.Pulls;
using ModelRunner.Testing.Registries;

namespace ModelRunner.Store.Tests.HuggingFace;

/// <summary>Which files of a repository are fetched, and what the store has afterwards.</summary>
public sealed class HubPullTests
{
    private const string Name = "huggingface.co/org/tiny-gguf";

    private static readonly (string Path, int Size)[] Several =
        [("README.md", 10), ("Tiny-Q2_K.gguf", 2000), ("Tiny-Q4_K_M.gguf", 4000), ("Tiny-Q8_0.gguf", 8000), ("tiny.imatrix.gguf", 100)];

    [Fact]
    public async Task The_usual_quantization_is_fetched_and_named()
    {
        await using HubFixture hub = await HubFixture.StartAsync(Several);

        PullOutcome outcome = await hub.PullAsync();

        Assert.Equal((PullResult.Success, "Model pulled successfully"), (outcome.Result, outcome.Message));
        hub.AssertHas($"{Name}:Q4_K_M", "Tiny-Q4_K_M.gguf");
        Assert.Equal(
            [
                "Fetching file list...",
                "Selected Q4_K_M quantization (default), 4.00 kB; next smaller: Q2_K (2.00 kB); next larger: Q8_0 (8.00 kB)",
                "Found 1 file (4.00 kB total)",
            ],
            hub.Notes);
        Assert.Equal(
            [
                "GET /api/models/Org/Tiny-GGUF/revision/main",
                $"GET /api/models/Org/Tiny-GGUF/tree/{HubServer.Commit}?recursive=true",
                $"HEAD /Org/Tiny-GGUF/resolve/{HubServer.Commit}/Tiny-Q4_K_M.gguf",
                $"GET /Org/Tiny-GGUF/resolve/{HubServer.Commit}/Tiny-Q4_K_M.gguf",
            ],
            hub.Server.Requests);
        Assert.All(hub.Server.Tokens, static token => Assert.Equal("", token));

        Assert.Equal(PullResult.Unchanged, (await hub.PullAsync("https://huggingface.co/Org/Tiny-GGUF")).Result);
    }

    [Fact]
    public async Task The_artifact_is_one_of_Docker_Model_Runner_and_always_the_same()
    {
        await using HubFixture first = await HubFixture.StartAsync(Several);
        await using HubFixture second = await HubFixture.StartAsync(Several);
        Digest id = (await first.PullAsync("hf.co/Org/Tiny-GGUF:q8_0")).Entry!.Id;
        Assert.Equal(id, (await second.PullAsync("https://hf.co/Org/Tiny-GGUF/resolve/main/Tiny-Q8_0.gguf?download=true")).Entry!.Id);

        ArtifactManifest manifest = first.AssertHas($"{Name}:Q8_0", "Tiny-Q8_0.gguf");
        Assert.Equal(new HubFile("main", "Tiny-Q8_0.gguf"), manifest.Layers[0].Origin);
        Assert.Equal(MediaTypes.ConfigV1, manifest.Config.MediaType);
        Assert.Equal(MediaTypes.Gguf, Assert.Single(manifest.Layers).MediaType);
        JsonElement config = JsonDocument.Parse(File.ReadAllBytes(first.Store.Folder.BlobOf(manifest.Config.Digest))).RootElement;
        Assert.Equal("gguf", config.GetProperty("config").GetProperty("format").GetString());
        Assert.Equal("Q8_0", config.GetProperty("config").GetProperty("quantization").GetString());
        Assert.Equal(manifest.Layers[0].Digest.ToString(), config.GetProperty("rootfs").GetProperty("diff_ids")[0].GetString());
        Assert.Equal(MediaTypes.OciManifest, JsonDocument.Parse(File.ReadAllBytes(first.Store.Folder.ManifestOf(id))).RootElement.GetProperty("mediaType").GetString());
    }

    [Fact]
    public async Task Two_files_with_one_quantization_have_two_names_and_another_revision_a_third()
    {
        await using HubFixture hub = await HubFixture.StartAsync([("X-Q8_0.gguf", 900)]);
        await hub.PullAsync("https://huggingface.co/Org/Tiny-GGUF/resolve/main/X-Q8_0.gguf");
        hub.Server.Files["Y-Q8_0.gguf"] = HubFixture.Make("y", 800);

        await hub.PullAsync("https://huggingface.co/Org/Tiny-GGUF/blob/main/Y-Q8_0.gguf");
        await hub.PullAsync($"https://huggingface.co/Org/Tiny-GGUF/blob/{HubServer.Commit}/Y-Q8_0.gguf");

        hub.AssertHas($"{Name}:Q8_0", "X-Q8_0.gguf");
        hub.AssertHas($"{Name}:Y-Q8_0", "Y-Q8_0.gguf");
        ArtifactManifest pinned = hub.AssertHas($"{Name}:Y-Q8_0-{HubServer.Commit}", "Y-Q8_0.gguf");
        Assert.Equal(new HubFile(HubServer.Commit, "Y-Q8_0.gguf"), pinned.Layers[0].Origin);
    }

    [Fact]
    public async Task All_parts_and_the_projector_of_a_model_are_fetched()
    {
        await using HubFixture hub = await HubFixture.StartAsync(
        [
            ("Q8_0/Big-Q8_0-00002-of-00002.gguf", 900), ("Q8_0/Big-Q8_0-00001-of-00002.gguf", 800), ("Big-Q4_0.gguf", 700),
            ("mmproj-BF16.gguf", 300), ("mmproj-F16.gguf", 300), ("Q8_0/mmproj-F32.gguf", 400),
        ]);
        hub.Server.PageSize = 2;

        Assert.Equal(PullResult.Success, (await hub.PullAsync("hf.co/Org/Tiny-GGUF:Q8_0")).Result);
        Assert.Equal(PullResult.Success, (await hub.PullAsync("hf.co/Org/Tiny-GGUF:Q4_0")).Result);

        ArtifactManifest manifest =
            hub.AssertHas($"{Name}:Q8_0", "Q8_0/Big-Q8_0-00001-of-00002.gguf", "Q8_0/Big-Q8_0-00002-of-00002.gguf", "Q8_0/mmproj-F32.gguf");
        Assert.Equal([MediaTypes.Gguf, MediaTypes.Gguf, MediaTypes.Projector], manifest.Layers.Select(static layer => layer.MediaType));
        hub.AssertHas($"{Name}:Q4_0", "Big-Q4_0.gguf", "mmproj-F16.gguf");
        string[] parts = [.. BundleFolder.PartsOf(hub.Store.Folder, hub.Store.Read().Find($"{Name}:Q8_0")!.Id, 2)];
        Assert.Equal(hub.Server.Files["Q8_0/Big-Q8_0-00002-of-00002.gguf"], await File.ReadAllBytesAsync(parts[1], TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task An_address_of_a_file_means_this_file_at_its_revision()
    {
        await using HubFixture hub = await HubFixture.StartAsync([("sub dir/Odd name-IQ3_M.gguf", 500), ("mmproj-F16.gguf", 300), ("Tiny-Q4_K_M.gguf", 400)]);

        PullOutcome outcome = await hub.PullAsync($"https://huggingface.co/Org/Tiny-GGUF/blob/{HubServer.Commit}/sub%20dir/Odd%20name-IQ3_M.gguf");

        Assert.Equal((PullResult.Success, "Model pulled successfully"), (outcome.Result, outcome.Message));
        hub.AssertHas($"{Name}:IQ3_M-{HubServer.Commit}", "sub dir/Odd name-IQ3_M.gguf");
        Assert.Contains($"GET /api/models/Org/Tiny-GGUF/revision/{HubServer.Commit}", hub.Server.Requests);
        outcome = await hub.PullAsync("https://huggingface.co/Org/Tiny-GGUF/blob/main/mmproj-F16.gguf");
        Assert.Equal(PullResult.NotFound, outcome.Result);
        Assert.Contains("is an image projector", outcome.Message, StringComparison.Ordinal);
        outcome = await hub.PullAsync("https://huggingface.co/Org/Tiny-GGUF/blob/v2/Tiny-Q4_K_M.gguf");
        Assert.Equal(PullResult.NotFound, outcome.Result);
        Assert.Contains("check the revision", outcome.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(100_000, 0, "Q4_K_M")]
    [InlineData(9000, 4000, "Q4_K_M")]
    [InlineData(7000, 4000, "Q2_K")]
    public async Task The_default_fits_into_the_memory(long limit, long sum, string expected)
    {
        var fit = new FixedFit(limit, sum);
        await using HubFixture hub = await HubFixture.StartAsync(Several, fit);

        Assert.Equal(PullResult.Success, (await hub.PullAsync()).Result);

        Assert.NotNull(hub.Store.Read().Find($"{Name}:{expected}"));
        string note = Assert.Single(hub.Notes, note => note.StartsWith($"Selected {expected} quantization (default)", StringComparison.Ordinal));
        Assert.Equal(expected != "Q4_K_M", note.EndsWith("; Q4_K_M (4.00 kB) does not fit into the memory", StringComparison.Ordinal));
        Assert.Contains("Reading the header of Tiny-Q4_K_M.gguf to see what fits into the memory...", hub.Notes);
        Assert.Equal(4000, fit.SeenHead);
        Assert.Equal("bytes=0-3999", hub.Server.Ranges.First());
    }

    [Fact]
    public async Task Nothing_is_fetched_if_nothing_fits_unless_the_user_names_it()
    {
        await using HubFixture hub = await HubFixture.StartAsync(Several, new FixedFit(2500, 4000));

        PullOutcome outcome = await hub.PullAsync();

        Assert.Equal(PullResult.Unsupported, outcome.Result);
        Assert.Contains("the smallest one, Q2_K, needs 6.00 kB, and models may use 2.50 kB", outcome.Message, StringComparison.Ordinal);
        Assert.Contains("write hf.co/Org/Tiny-GGUF:Q2_K", outcome.Message, StringComparison.Ordinal);
        Assert.Equal(PullResult.Success, (await hub.PullAsync("hf.co/Org/Tiny-GGUF:Q8_0")).Result);
    }

    [Fact]
    public async Task The_sizes_of_the_files_count_if_no_header_can_be_read()
    {
        await using HubFixture hub = await HubFixture.StartAsync(Several, new FixedFit(3000));
        hub.Server.StorageFaults.Enqueue(static context => HubServer.RefuseAsync(context, 206, ("Content-Range", "bytes 5-9/4000")));

        Assert.Equal(PullResult.Success, (await hub.PullAsync()).Result);
        Assert.NotNull(hub.Store.Read().Find($"{Name}:Q2_K"));
    }

    [Fact]
    public async Task The_only_file_is_the_latest_and_its_tag_must_be_right()
    {
        await using HubFixture hub = await HubFixture.StartAsync([("tiny-chat.gguf", 500)], new FixedFit(10));
        Assert.Equal(PullResult.Success, (await hub.PullAsync()).Result);
        hub.AssertHas($"{Name}:latest", "tiny-chat.gguf");

        PullOutcome outcome = await hub.PullAsync("hf.co/Org/Tiny-GGUF:Q4_K_M");
        Assert.Equal(PullResult.NotFound, outcome.Result);
        Assert.Equal("Org/Tiny-GGUF has no quantization Q4_K_M; write one of these after the colon: CHAT (500 B)", outcome.Message);
    }

    [Theory]
    [InlineData("Big-Q8_0-00001-of-00002.gguf", "has 1 of its 2 parts")]
    [InlineData("Small-Q8_0.gguf", "without a SHA-256")]
    [InlineData("Huge-Q8_0.gguf", "no file over 50 GB")]
    public async Task A_model_that_cannot_be_fetched_whole_is_refused_at_once(string path, string expected)
    {
        await using HubFixture hub = await HubFixture.StartAsync([(path, 500)]);
        if (path[0] == 'S')
            hub.Server.SmallFiles[path] = true;
        if (path[0] == 'H')
            hub.Server.ToldSizes[path] = 50_000_000_001;

        PullOutcome outcome = await hub.PullAsync();

        Assert.Equal(PullResult.Unsupported, outcome.Result);
        Assert.Contains(expected, outcome.Message, StringComparison.Ordinal);
        Assert.Empty(hub.Server.Ranges);
    }

    [Fact]
    public async Task A_token_goes_to_the_endpoint_only_and_that_of_the_client_comes_first()
    {
        await using HubFixture hub = await HubFixture.StartAsync(Several, null, new(StringComparer.Ordinal) { ["HF_TOKEN"] = "hf_daemon" });
        await hub.PullAsync("hf.co/Org/Tiny-GGUF:Q2_K", "hf_client");
        Assert.All(hub.Server.Tokens, static token => Assert.Equal("Bearer hf_client", token));
        hub.Server.Tokens.Clear();
        await hub.PullAsync("hf.co/Org/Tiny-GGUF:Q8_0");
        Assert.All(hub.Server.Tokens, static token => Assert.Equal("Bearer hf_daemon", token));
    }

    [Fact]
    public async Task Offline_nothing_is_asked()
    {
        await using HubFixture hub = await HubFixture.StartAsync(Several, null, new(StringComparer.Ordinal) { ["HF_HUB_OFFLINE"] = "1" });
        PullOutcome outcome = await hub.PullAsync();
        Assert.Equal(PullResult.Network, outcome.Result);
        Assert.Contains("HF_HUB_OFFLINE", outcome.Message, StringComparison.Ordinal);
        Assert.Empty(hub.Server.Requests);
    }

    [Fact]
    public async Task A_file_continues_where_it_broke_off()
    {
        await using HubFixture hub = await HubFixture.StartAsync([("Tiny-Q4_K_M.gguf", 400_000)]);
        byte[] bytes = hub.Server.Files["Tiny-Q4_K_M.gguf"];
        hub.Server.StorageFaults.Enqueue(context => context.Response.Body.WriteAsync(bytes.AsMemory(0, 150_000)).AsTask());

        Assert.Equal(PullResult.Success, (await hub.PullAsync()).Result);

        Assert.Equal(["", "bytes=150000-"], hub.Server.Ranges);
        hub.AssertHas($"{Name}:Q4_K_M", "Tiny-Q4_K_M.gguf");
    }
}
