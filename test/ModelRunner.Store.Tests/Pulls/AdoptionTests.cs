using ModelRunner.Linux.Files;
using ModelRunner.Store.Foreign;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;
using ModelRunner.Store.Pulls;
using ModelRunner.Store.Tests.Layout;
using ModelRunner.Testing;

namespace ModelRunner.Store.Tests.Pulls;

/// <summary>A file that another tool has already is not downloaded, and the other tool's file stays as it is.</summary>
public sealed class AdoptionTests : IDisposable
{
    private static readonly byte[] Weights = [.. "GGUF"u8, .. Enumerable.Range(0, 3_000_000).Select(static number => (byte)(number * 31))];
    private static readonly Digest Hash = ContentHash.Of(Weights);

    private readonly PullFixture _fixture = new();
    private readonly TemporaryFolder _tools = new();
    private readonly MadeArtifact _made = MadeArtifact.Of(Weights);

    private string Blob => _fixture.Store.Folder.BlobOf(Hash);

    public void Dispose()
    {
        _fixture.Dispose();
        _tools.Dispose();
    }

    [Theory]
    [InlineData(ContentLayout.Ollama, "blobs/sha256-{0}")]
    [InlineData(ContentLayout.Ollama, "blobs/sha256:{0}")]
    [InlineData(ContentLayout.HuggingFace, "models--lab--otter/blobs/{0}")]
    [InlineData(ContentLayout.Artifacts, "blobs/sha256/{0}")]
    public async Task A_file_of_the_same_user_becomes_a_second_name(object layout, string path)
    {
        string file = Put((ContentLayout)layout, path, Weights);
        await using FakeRegistry registry = await FakeRegistry.StartAsync(_made);

        PullOutcome outcome = await _fixture.PullAsync(registry.Name);

        Assert.Equal("Model pulled successfully; 3.00 MB not downloaded: found in tool", outcome.Message);
        _fixture.AssertHas(_made, registry.Name.ToString());
        Assert.Equal(1, registry.Requests);
        Assert.True(_fixture.Counters.Bytes < 1000, "only the configuration comes from the registry");
        if (!HasClones())
            Assert.Equal(FileStatus.Of(file).Id, FileStatus.Of(Blob).Id);
    }

    [Theory]
    [InlineData(ContentLayout.LmStudio, "lab/otter/otter.gguf")]
    [InlineData(ContentLayout.LmStudio, "lab/otter/parts/otter.GGUF")]
    [InlineData(ContentLayout.LlamaCpp, "lab_otter.gguf")]
    public async Task A_file_without_its_digest_in_the_name_is_found_by_its_size_and_copied(object layout, string path)
    {
        byte[] other = [.. Weights];
        other[^1] ^= 1;
        Put((ContentLayout)layout, Path.Join(Path.GetDirectoryName(path), "a-other.gguf"), other);
        string file = Put((ContentLayout)layout, path, Weights);
        await using FakeRegistry registry = await FakeRegistry.StartAsync(_made);

        PullOutcome outcome = await _fixture.PullAsync(registry.Name);

        Assert.Equal("Model pulled successfully; 3.00 MB not downloaded: found in tool", outcome.Message);
        _fixture.AssertHas(_made, registry.Name.ToString());
        Assert.Equal(1, registry.Requests);
        Assert.NotEqual(FileStatus.Of(file).Id, FileStatus.Of(Blob).Id);
        Assert.Equal(1u, FileStatus.Of(file).Links);
    }

    [Theory]
    [InlineData("lab/otter/otter.bin", false)]
    [InlineData("lab/otter/otter.gguf", true)]
    public async Task A_file_of_another_size_or_kind_is_not_tried(string path, bool isLonger)
    {
        Put(ContentLayout.LmStudio, path, isLonger ? [.. Weights, 0] : Weights);
        await using FakeRegistry registry = await FakeRegistry.StartAsync(_made);

        Assert.Equal("Model pulled successfully", (await _fixture.PullAsync(registry.Name)).Message);
        _fixture.AssertHas(_made, registry.Name.ToString());
    }

    [Fact]
    public async Task A_file_that_others_may_change_is_copied()
    {
        string file = Put(ContentLayout.Ollama, "blobs/sha256-{0}", Weights);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupWrite);
        FileStatus before = FileStatus.Of(file);
        await using FakeRegistry registry = await FakeRegistry.StartAsync(_made);

        Assert.Equal(PullResult.Success, (await _fixture.PullAsync(registry.Name)).Result);

        _fixture.AssertHas(_made, registry.Name.ToString());
        Assert.Equal(1, registry.Requests);
        FileStatus after = FileStatus.Of(file);
        Assert.NotEqual(after.Id, FileStatus.Of(Blob).Id);
        Assert.Equal((before.Id, before.Changed, before.Links), (after.Id, after.Changed, after.Links));
    }

    /// <summary>The name promises a digest; only the bytes prove it.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_file_with_wrong_bytes_is_left_alone_and_the_right_ones_are_downloaded(bool isForOthers)
    {
        byte[] damaged = [.. Weights];
        damaged[^1] ^= 1;
        string file = Put(ContentLayout.Ollama, "blobs/sha256-{0}", damaged);
        if (isForOthers)
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherWrite);
        await using FakeRegistry registry = await FakeRegistry.StartAsync(_made);

        PullOutcome outcome = await _fixture.PullAsync(registry.Name);

        Assert.Equal("Model pulled successfully", outcome.Message);
        _fixture.AssertHas(_made, registry.Name.ToString());
        Assert.Equal(2, registry.Requests);
        Assert.Equal(damaged, File.ReadAllBytes(file));
    }

    /// <summary>Hours of download must not be lost because another tool's file is damaged.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_wrong_file_leaves_what_was_downloaded_before(bool isForOthers)
    {
        byte[] damaged = [.. Weights];
        damaged[^1] ^= 1;
        string file = Put(ContentLayout.Ollama, "blobs/sha256-{0}", damaged);
        if (isForOthers)
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherWrite);
        await StoreFixture.PutPartialAsync(_fixture.Store.Folder, _made, 2_000_000);
        await using FakeRegistry registry = await FakeRegistry.StartAsync(_made);

        Assert.Equal(PullResult.Success, (await _fixture.PullAsync(registry.Name)).Result);

        _fixture.AssertHas(_made, registry.Name.ToString());
        Assert.InRange(_fixture.Counters.Bytes, Weights.Length - 2_000_000, Weights.Length - 2_000_000 + 1000);
    }

    /// <summary>A disk that fails in the middle.</summary>
    [Fact]
    public async Task A_file_that_cannot_be_read_leaves_what_was_downloaded_before()
    {
        string file = Put(ContentLayout.Ollama, "blobs/sha256-{0}", Weights);
        await StoreFixture.PutPartialAsync(_fixture.Store.Folder, _made, 2_000_000);
        using PartialBlob blob = PartialBlob.TryOpen(_fixture.Store.Folder, _made.Read().Layers[0])!;
        using FileStream source = File.OpenRead(file);
        var adoption = new BlobAdoption(
            _fixture.Store.Folder, _made.Read().Layers[0], new AdoptedFile(source.SafeFileHandle, file, FileStatus.Of(file)), static _ => { });

        await Assert.ThrowsAsync<IOException>(() => adoption.TryCopyAsync(
            static (buffer, offset, _) => offset == 0 ? Task.FromResult(buffer.Length) : throw new IOException("damaged"),
            TestContext.Current.CancellationToken));

        Assert.Equal([$"{Hash.Hex}{StoreFolder.PartialEnding}"], StoreFixture.FilesIn(_fixture.Store.Folder.Blobs));
        Assert.Equal(2_000_000, PartialBlob.LengthOf(_fixture.Store.Folder, _made.Read().Layers[0]));
    }

    [Fact]
    public async Task A_good_file_behind_a_damaged_one_is_used()
    {
        byte[] damaged = [.. Weights];
        damaged[0] ^= 1;
        Put(ContentLayout.Ollama, "blobs/sha256-{0}", damaged);
        Put(ContentLayout.HuggingFace, "models--lab--otter/blobs/{0}", Weights);
        await using FakeRegistry registry = await FakeRegistry.StartAsync(_made);

        Assert.Contains("found in tool", (await _fixture.PullAsync(registry.Name)).Message, StringComparison.Ordinal);

        _fixture.AssertHas(_made, registry.Name.ToString());
        Assert.Equal(1, registry.Requests);
    }

    [Fact]
    public async Task What_was_downloaded_before_does_not_stay_beside_a_copy()
    {
        string file = Put(ContentLayout.Ollama, "blobs/sha256-{0}", Weights);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupWrite);
        await StoreFixture.PutPartialAsync(_fixture.Store.Folder, _made, 1_000_000);
        await using FakeRegistry registry = await FakeRegistry.StartAsync(_made);

        Assert.Equal(PullResult.Success, (await _fixture.PullAsync(registry.Name)).Result);
        _fixture.AssertHas(_made, registry.Name.ToString());
    }

    [Fact]
    public async Task A_linked_file_needs_no_space_and_a_copied_one_does()
    {
        using var fixture = new PullFixture(new PullSettings { SpareBytes = long.MaxValue / 2 });
        fixture.Places = [new ContentPlace("tool", ContentLayout.Ollama, _tools.Path)];
        string file = Put(ContentLayout.Ollama, "blobs/sha256-{0}", Weights);
        MadeArtifact made = MadeArtifact.Of(Weights);
        Put(ContentLayout.Ollama, $"blobs/sha256-{made.Read().Config.Digest.Hex}", made.Files[made.Read().Config.Digest]);
        await using FakeRegistry registry = await FakeRegistry.StartAsync(made);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupWrite);

        Assert.Equal(PullResult.NoSpace, (await fixture.PullAsync(registry.Name)).Result);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Assert.Equal(PullResult.Success, (await fixture.PullAsync(registry.Name)).Result);
    }

    /// <summary>Removing the model here takes nothing away from the other tool.</summary>
    [Fact]
    public async Task The_other_tool_keeps_its_file_when_the_model_is_removed()
    {
        string file = Put(ContentLayout.Ollama, "blobs/sha256-{0}", Weights);
        await using FakeRegistry registry = await FakeRegistry.StartAsync(_made);
        await _fixture.PullAsync(registry.Name);

        await _fixture.Store.UntagAsync(registry.Name.ToString(), TestContext.Current.CancellationToken);

        Assert.False(File.Exists(Blob));
        Assert.Equal(Weights, File.ReadAllBytes(file));
    }

    private string Put(ContentLayout layout, string path, byte[] bytes)
    {
        string name = path.Replace("{0}", Hash.Hex, StringComparison.Ordinal);
        string file = _tools.PathOf(name);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllBytes(file, bytes);
        _fixture.Places = [.. _fixture.Places, new ContentPlace("tool", layout, _tools.Path)];
        return file;
    }

    // On such a file system, the content is shared without a second name.
    private bool HasClones()
    {
        string source = _tools.PathOf("clone-source");
        File.WriteAllBytes(source, new byte[4096]);
        using FileStream from = File.OpenRead(source);
        using FileStream to = File.Create(_tools.PathOf("clone-target"));
        return FileClone.TryClone(from.SafeFileHandle, to.SafeFileHandle);
    }
}
