using System.Formats.Tar;
using System.Text;
using ModelRunner.Store.Archives;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;
using ModelRunner.Store.Tests.Layout;

namespace ModelRunner.Store.Tests.Archives;

public sealed class HostileArchiveTests : IDisposable
{
    private static readonly MadeArtifact Made = MadeArtifact.Of((MediaTypes.Gguf, new byte[70_000]), (MediaTypes.License, "free"u8.ToArray()));

    private readonly StoreFixture _fixture = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static Digest Weights => Made.Read().Layers[0].Digest;

    [Theory]
    [InlineData("../evil")]
    [InlineData("blobs/../../evil")]
    [InlineData("blobs/sha256/..")]
    [InlineData("/etc/evil")]
    public async Task A_path_that_leads_out_of_the_archive_is_refused(string name)
    {
        using TarText tar = new TarText().Add(name, [1, 2, 3]).Add(Made);
        Assert.Contains("leads out of it", await RefuseAsync(tar.ToStream()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("BLOBS", "sha256", true)]
    [InlineData("blobs", "sha256", false)]
    [InlineData("blobs", "md5", false)]
    public async Task Only_digests_with_lower_case_digits_are_names_of_files(string folder, string algorithm, bool isPassedOver)
    {
        string hex = algorithm == "md5" ? Weights.Hex : Weights.Hex.ToUpperInvariant();
        using TarText tar = new TarText().Add($"{folder}/{algorithm}/{hex}", Made.Files[Weights]).Add("manifest.json", Made.Manifest);
        string expected = isPassedOver ? "lacks the file" : "no digest of lower-case";
        Assert.Contains(expected, await RefuseAsync(tar.ToStream()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(TarEntryType.SymbolicLink)]
    [InlineData(TarEntryType.HardLink)]
    [InlineData(TarEntryType.CharacterDevice)]
    [InlineData(TarEntryType.BlockDevice)]
    [InlineData(TarEntryType.Fifo)]
    [InlineData(TarEntryType.Directory)]
    public async Task What_is_no_file_is_never_a_file_of_a_model(TarEntryType type)
    {
        string? link = type is TarEntryType.SymbolicLink or TarEntryType.HardLink ? "/etc/passwd" : null;
        using TarText tar = new TarText().Add(type, TarText.NameOf(Weights), link: link);
        foreach ((Digest digest, byte[] bytes) in Made.Files.Where(static file => file.Key != Weights))
            tar.Add(TarText.NameOf(digest), bytes);
        tar.Add("manifest.json", Made.Manifest);
        Assert.Contains($"lacks the file {Weights}", await RefuseAsync(tar.ToStream()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wrong_bytes_are_refused()
    {
        using TarText tar = new TarText().Add(TarText.NameOf(Weights), new byte[70_001]).Add("manifest.json", Made.Manifest);
        Assert.Contains("is damaged: the bytes have the digest", await RefuseAsync(tar.ToStream()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_of_another_size_than_the_manifest_says_is_named_with_both_sizes()
    {
        byte[] manifest = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(Made.Manifest).Replace("\"size\":70000", "\"size\":1", StringComparison.Ordinal));
        using TarText tar = new TarText().Add(TarText.NameOf(Weights), Made.Files[Weights]);
        foreach ((Digest digest, byte[] bytes) in Made.Files.Where(static file => file.Key != Weights))
            tar.Add(TarText.NameOf(digest), bytes);
        tar.Add("manifest.json", manifest);

        Assert.Contains(
            $"is damaged: the file {Weights} has 70000 bytes, and its manifest says 1 bytes; save the model again", await RefuseAsync(tar.ToStream()),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_truncated_archive_is_refused_wherever_it_ends()
    {
        using TarText tar = new TarText().Add(Made);
        byte[] whole = tar.ToStream().ToArray();
        for (int length = 0; length < whole.Length - (2 * 512); length += 4099)
            await RefuseAsync(new MemoryStream(whole[..length]));
        await RefuseAsync(new MemoryStream(whole[..70_000]));
    }

    [Theory]
    [InlineData(1L << 44)]
    [InlineData((1L << 44) + 1)]
    [InlineData(long.MaxValue)]
    public async Task An_impossible_size_is_refused_before_its_bytes(long size)
    {
        byte[] header = TarHeader.OfFile(TarText.NameOf(Weights), size);
        Exception failure = await Assert.ThrowsAnyAsync<Exception>(() => LoadAsync(new MemoryStream([.. header, .. new byte[2048]])));
        Assert.True(failure is ArchiveException or StoreException { Reason: StoreErrorReason.NoSpace }, failure.ToString());
        Assert.Empty(StoreFixture.FilesIn(_fixture.Folder.Blobs));
    }

    [Fact]
    public async Task There_must_be_space_for_a_file_and_the_spare_bytes()
    {
        using TarText tar = new TarText().Add(Made);
        var loader = new ArchiveLoader(_fixture.Store, spareBytes: 1L << 60, TimeProvider.System);
        StoreException failure = await Assert.ThrowsAsync<StoreException>(() => loader.LoadAsync(tar.ToStream(), null, Cancellation));
        Assert.Equal(StoreErrorReason.NoSpace, failure.Reason);
        Assert.Contains("must stay free", failure.Message, StringComparison.Ordinal);
        Assert.Empty(StoreFixture.FilesIn(_fixture.Folder.Blobs));
    }

    [Fact]
    public async Task A_file_that_comes_twice_is_stored_once_and_two_manifests_are_refused()
    {
        using TarText twice = new TarText().Add(TarText.NameOf(Weights), Made.Files[Weights]).Add(Made);
        await LoadAsync(twice.ToStream());
        Assert.Equal(3, StoreFixture.FilesIn(_fixture.Folder.Blobs).Length);
        using TarText two = new TarText().Add("manifest.json", Made.Manifest).Add(Made);
        Assert.Contains("two manifests", (await Assert.ThrowsAsync<ArchiveException>(() => LoadAsync(two.ToStream()))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(TarEntryFormat.Gnu)]
    [InlineData(TarEntryFormat.Pax)]
    public async Task Long_names_of_other_files_are_passed_over(TarEntryFormat format)
    {
        using TarText tar = new TarText(format).Add(new string('n', 300), [1, 2, 3]).Add(Made);
        LoadedModel loaded = await LoadAsync(tar.ToStream());
        Assert.Equal(Made.Id, loaded.Entry.Id);
        Assert.Empty(loaded.Entry.Tags);
    }

    [Fact]
    public async Task A_long_name_cannot_take_memory()
    {
        byte[] header = TarHeader.OfFile("././@LongLink", 1L << 40);
        header[156] = (byte)'L';
        FixChecksum(header);
        Assert.Contains("at most 65536 are read", await RefuseAsync(new MemoryStream([.. header, .. new byte[4096]])), StringComparison.Ordinal);
    }

    /// <summary>They come in any number, and stay until the end of the archive.</summary>
    [Fact]
    public async Task Values_for_the_whole_archive_cannot_take_memory()
    {
        IEnumerable<byte> many = Enumerable.Range(0, 100).SelectMany(static i => TarHeader.OfValue($"key{i}", "value"));
        byte[] archive = [.. TarHeader.OfValue("long", new string('x', 1025)), .. many, .. TarHeader.OfValue("key0", "other"), .. TarHeader.End];
        var tar = new Store.Archives.TarReader(new MemoryStream(archive));

        Assert.Null(await tar.NextAsync(Cancellation));

        Assert.Equal(16, tar.Values.Count);
        Assert.Equal(("other", "value"), (tar.Values["key0"], tar.Values["key15"]));
        Assert.DoesNotContain("long", tar.Values.Keys);
    }

    [Fact]
    public async Task Millions_of_entries_are_not_read()
    {
        // The stream repeats one tiny entry as often as it is read.
        var endless = new RepeatingStream([.. TarHeader.OfFile("a", 1), .. new byte[512]]);
        Assert.Contains("more than 10000 entries", await RefuseAsync(endless), StringComparison.Ordinal);
        Assert.InRange(endless.BytesRead, 1, 11_000_000);
    }

    [Fact]
    public async Task A_large_manifest_is_not_read()
    {
        Assert.Contains(
            "at most 4194304 are read",
            await RefuseAsync(new MemoryStream(TarHeader.OfFile("manifest.json", 1L << 40))), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_no_manifest_names_is_removed_again()
    {
        byte[] other = "of no model"u8.ToArray();
        using TarText tar = new TarText().Add(TarText.NameOf(ContentHash.Of(other)), other).Add(Made);
        await LoadAsync(tar.ToStream());
        Assert.False(File.Exists(_fixture.Folder.BlobOf(ContentHash.Of(other))));
        Assert.Equal(3, StoreFixture.FilesIn(_fixture.Folder.Blobs).Length);
    }

    [Fact]
    public async Task What_was_there_before_a_failed_load_stays()
    {
        MadeArtifact kept = MadeArtifact.Of([[1, 2, 3]]);
        await _fixture.AddAsync(kept, "docker.io/ai/kept:latest");
        using TarText tar = new TarText();
        foreach ((Digest digest, byte[] bytes) in kept.Files.Concat(Made.Files))
            tar.Add(TarText.NameOf(digest), bytes);
        await Assert.ThrowsAsync<ArchiveException>(() => LoadAsync(tar.ToStream()));
        Assert.Equal(2, StoreFixture.FilesIn(_fixture.Folder.Blobs).Length);
        Assert.All(kept.Read().Files, file => Assert.True(_fixture.Store.Has(file)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("GGUF and so on")]
    [InlineData("no archive")]
    public async Task Other_files_are_named(string text)
    {
        byte[] noise = new byte[2000];
        new Random(2).NextBytes(noise);
        byte[] bytes = text.Length == 0 ? [] : [.. Encoding.ASCII.GetBytes(text), .. noise];
        string expected = text.Length == 0 ? "is empty" : text[0] == 'G' ? "is a GGUF file" : "is no tar archive";
        Assert.Contains(expected, await RefuseAsync(new MemoryStream(bytes)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Random_damage_never_lists_a_model_that_is_not_whole()
    {
        using TarText tar = new TarText().Add(Made);
        byte[] whole = tar.ToStream().ToArray();
        var random = new Random(1);
        for (int round = 0; round < 200; round++)
        {
            byte[] damaged = [.. whole];
            for (int i = 0; i < 3; i++)
                damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8));
            try
            {
                LoadedModel loaded = await LoadAsync(new MemoryStream(damaged));
                Assert.All(loaded.Entry.Files, file => Assert.Equal(file, ContentHash.Of(File.ReadAllBytes(_fixture.Folder.BlobOf(file)))));
                await _fixture.Store.RemoveAsync(loaded.Entry.Id, Cancellation);
            }
            catch (Exception failure) when (failure is ArchiveException or StoreException)
            {
                Assert.Empty(_fixture.Store.Read().Entries);
                Assert.Empty(StoreFixture.FilesIn(_fixture.Folder.Blobs));
            }
        }
    }

    public void Dispose() => _fixture.Dispose();

    private Task<LoadedModel> LoadAsync(Stream archive) => ModelArchiveTests.LoaderOf(_fixture).LoadAsync(archive, null, Cancellation);

    // A refused archive leaves nothing.
    private async Task<string> RefuseAsync(Stream archive)
    {
        ArchiveException failure = await Assert.ThrowsAsync<ArchiveException>(() => LoadAsync(archive));
        Assert.Empty(_fixture.Store.Read().Entries);
        Assert.Empty(StoreFixture.FilesIn(_fixture.Folder.Blobs));
        return failure.Message;
    }

    private static void FixChecksum(byte[] header)
    {
        header.AsSpan(148, 8).Fill((byte)' ');
        int sum = header.Sum(static value => value);
        Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(7, '0')).CopyTo(header, 148);
    }
}
