using System.Diagnostics;
using System.Formats.Tar;
using ModelRunner.Store.Archives;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;
using ModelRunner.Store.Tests.Layout;
using ModelRunner.Testing;

namespace ModelRunner.Store.Tests.Archives;

public sealed class ModelArchiveTests
{
    private const string Name = "docker.io/ai/a:latest";

    private static readonly MadeArtifact Made = MadeArtifact.Of(
        (MediaTypes.Gguf, new byte[3_000_001]), (MediaTypes.License, "free"u8.ToArray()), (MediaTypes.ChatTemplate, new byte[512]));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_saved_model_is_loaded_with_its_bytes_and_its_name()
    {
        using var source = new StoreFixture();
        using var target = new StoreFixture();
        using MemoryStream saved = await SaveAsync(source);

        LoadedModel loaded = await LoaderOf(target).LoadAsync(saved, null, Cancellation);

        Assert.Equal(Made.Id, loaded.Entry.Id);
        Assert.Equal([Name], loaded.Entry.Tags);
        Assert.Equal(Made.Manifest, await File.ReadAllBytesAsync(target.Folder.ManifestOf(Made.Id), Cancellation));
        foreach ((Digest digest, byte[] bytes) in Made.Files)
            Assert.Equal(bytes, await File.ReadAllBytesAsync(target.Folder.BlobOf(digest), Cancellation));
        Assert.Equal(3, StoreFixture.FilesIn(source.Folder.Blobs).Length - 1);
        Assert.Equal(StoreFixture.FilesIn(source.Folder.Blobs), StoreFixture.FilesIn(target.Folder.Blobs));
    }

    [Fact]
    public async Task A_changed_manifest_is_not_saved()
    {
        using var source = new StoreFixture();
        using MemoryStream saved = await SaveAsync(source);
        string path = source.Folder.ManifestOf(Made.Id);
        await File.WriteAllBytesAsync(path, [.. Made.Manifest, (byte)' '], Cancellation);

        StoreException failure = Assert.Throws<StoreException>(() => ModelArchive.Open(source.Store, source.Store.Read().Entries[0], Name));

        Assert.Equal(StoreErrorReason.Damaged, failure.Reason);
        Assert.StartsWith("the model ai/a:latest has a damaged manifest in the model store, whose bytes have another digest; ", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_form_is_that_of_Docker_Model_Runner_for_any_reader()
    {
        using var source = new StoreFixture();
        using MemoryStream saved = await SaveAsync(source);
        var names = new List<string>();
        using var reader = new System.Formats.Tar.TarReader(saved);
        while (await reader.GetNextEntryAsync(cancellationToken: Cancellation) is { } entry)
        {
            if (entry.EntryType == TarEntryType.GlobalExtendedAttributes)
                continue;
            names.Add(entry.Name);
            if (entry.DataStream is { } data)
            {
                using var content = new MemoryStream();
                await data.CopyToAsync(content, Cancellation);
                Assert.Equal(entry.Name == "manifest.json" ? Made.Manifest : Made.Files[DigestOf(entry.Name)], content.ToArray());
            }
        }

        ArtifactManifest manifest = Made.Read();
        Assert.Equal(
            ["blobs", "blobs/sha256", .. manifest.Layers.Append(manifest.Config).Select(static file => TarText.NameOf(file.Digest)), "manifest.json"], names);
    }

    [Fact]
    public async Task The_archive_is_valid_for_GNU_tar()
    {
        using var source = new StoreFixture();
        using var folder = new TemporaryFolder();
        using MemoryStream saved = await SaveAsync(source);
        string path = folder.PathOf("model.tar");
        await File.WriteAllBytesAsync(path, saved.ToArray(), Cancellation);
        using var tar = Process.Start(new ProcessStartInfo("tar", ["-xf", path, "-C", folder.Path]) { RedirectStandardError = true, UseShellExecute = false })!;
        string errors = await tar.StandardError.ReadToEndAsync(Cancellation);
        await tar.WaitForExitAsync(Cancellation);

        Assert.True(tar.ExitCode == 0, errors);
        foreach ((Digest digest, byte[] bytes) in Made.Files)
            Assert.Equal(bytes, await File.ReadAllBytesAsync(folder.PathOf(TarText.NameOf(digest)), Cancellation));
        Assert.Equal(Made.Manifest, await File.ReadAllBytesAsync(folder.PathOf("manifest.json"), Cancellation));
    }

    [Fact]
    public async Task The_name_of_another_model_is_not_taken_away()
    {
        using var source = new StoreFixture();
        using var target = new StoreFixture();
        StoreEntry first = await target.AddAsync(MadeArtifact.Of([[1]]), Name);
        using MemoryStream saved = await SaveAsync(source);

        LoadedModel loaded = await LoaderOf(target).LoadAsync(saved, null, Cancellation);

        Assert.Empty(loaded.Entry.Tags);
        Assert.Equal(first.Id, target.Store.Read().Find(Name)!.Id);
        saved.Position = 0;
        Assert.Equal([Name], (await LoaderOf(target).LoadAsync(saved, Name, Cancellation)).Entry.Tags);
    }

    /// <summary>A pull may list a model of this name while the load waits for the lock.</summary>
    [Fact]
    public async Task A_name_that_another_model_gets_meanwhile_is_not_taken_away()
    {
        using var source = new StoreFixture();
        using var target = new StoreFixture();
        StoreEntry other = await target.AddAsync(MadeArtifact.Of([[1]]), null);
        using MemoryStream saved = await SaveAsync(source);
        bool hasTagged = false;
        var store = new ModelStore(target.Folder with { BeforeStep = Tag }, TimeProvider.System);

        LoadedModel loaded = await new ArchiveLoader(store, spareBytes: 0, TimeProvider.System).LoadAsync(saved, null, Cancellation);

        Assert.True(hasTagged);
        Assert.Empty(loaded.Entry.Tags);
        Assert.Equal(other.Id, target.Store.Read().Find(Name)!.Id);

        void Tag(string step)
        {
            if (step != "lock" || hasTagged)
                return;
            hasTagged = true;
            Task<StoreEntry> tagging = target.Store.TagAsync(other.Id, Name, Cancellation);
            Assert.True(tagging.IsCompletedSuccessfully, "nobody has the lock");
        }
    }

    [Fact]
    public async Task A_file_is_kept_while_its_model_is_saved()
    {
        using var source = new StoreFixture();
        StoreEntry entry = await source.AddAsync(Made, Name);
        using (var archive = ModelArchive.Open(source.Store, entry, null))
        {
            await source.Store.RemoveAsync(entry.Id, Cancellation);
            source.Time.Advance(TimeSpan.FromDays(8));
            await source.Store.CollectAsync(isDryRun: false, Cancellation);
            using var saved = new MemoryStream();
            await archive.WriteAsync(saved, Cancellation);
            Assert.Equal(archive.Length, saved.Length);
        }

        await source.Store.CollectAsync(isDryRun: false, Cancellation);
        Assert.Empty(StoreFixture.FilesIn(source.Folder.Blobs));
    }

    /// <summary>Hours of download must not be lost because an archive is damaged, or its client leaves.</summary>
    [Theory]
    [InlineData("wrong")]
    [InlineData("ends")]
    [InlineData("leaves")]
    public async Task A_failed_load_leaves_what_a_pull_has_fetched(string fault)
    {
        using var source = new StoreFixture();
        using var target = new StoreFixture();
        Descriptor weights = await StoreFixture.PutPartialAsync(target.Folder, Made, 1_000_000);
        byte[] saved = (await SaveAsync(source)).ToArray();
        saved[2_900_000] ^= 1;
        using var leaving = new CancellationTokenSource();
        using var archive = new MemoryStream(fault == "wrong" ? saved : saved[..2_000_000]);

        Task loading = LoaderOf(target).LoadAsync(fault == "leaves" ? new StallingStream(archive, leaving) : archive, null, leaving.Token);
        if (fault == "leaves")
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => loading);
        else
            await Assert.ThrowsAsync<ArchiveException>(() => loading);

        Assert.Equal(1_000_000, PartialBlob.LengthOf(target.Folder, weights));
        Assert.Single(StoreFixture.FilesIn(target.Folder.Blobs));
    }

    [Fact]
    public async Task A_load_needs_no_pull_to_end_and_removes_what_an_earlier_one_fetched()
    {
        using var source = new StoreFixture();
        using var target = new StoreFixture();
        using MemoryStream saved = await SaveAsync(source);
        Descriptor weights = await StoreFixture.PutPartialAsync(target.Folder, Made, 1_000_000);
        using (PartialBlob.TryOpen(target.Folder, weights))
            await LoaderOf(target).LoadAsync(saved, null, Cancellation);
        Assert.True(target.Store.Has(weights));
        await target.Store.RemoveAsync(Made.Id, Cancellation);
        saved.Position = 0;

        await LoaderOf(target).LoadAsync(saved, null, Cancellation);

        Assert.Equal(StoreFixture.FilesIn(source.Folder.Blobs), StoreFixture.FilesIn(target.Folder.Blobs));
    }

    [Fact]
    public async Task A_model_with_a_missing_file_cannot_be_saved()
    {
        using var source = new StoreFixture();
        StoreEntry entry = await source.AddAsync(Made, Name);
        File.Delete(source.Folder.BlobOf(Made.Read().Layers[1].Digest));

        Assert.Equal(StoreErrorReason.MissingFile, Assert.Throws<StoreException>(() => ModelArchive.Open(source.Store, entry, null)).Reason);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(8_589_934_591)]
    [InlineData(8_589_934_592)]
    [InlineData(5_000_000_000_000)]
    public async Task Any_size_is_read_as_it_was_written(long size)
    {
        byte[] header = TarHeader.OfFile("blobs/sha256/a", size);
        Assert.Equal(size, (await new Store.Archives.TarReader(new MemoryStream(header)).NextAsync(Cancellation))!.Value.Size);
        using var other = new System.Formats.Tar.TarReader(new MemoryStream([.. header, .. new byte[1024]]));
        if (size == 0)
            Assert.Equal("blobs/sha256/a", other.GetNextEntry()!.Name);
    }

    [Fact]
    public async Task A_long_name_is_read_as_it_was_written()
    {
        string name = $"blobs/sha512/{new string('a', 128)}";
        byte[] archive = [.. TarHeader.OfFile(name, 0), .. TarHeader.End];
        Assert.Equal(name, (await new Store.Archives.TarReader(new MemoryStream(archive)).NextAsync(Cancellation))!.Value.Name);
        using var other = new System.Formats.Tar.TarReader(new MemoryStream(archive));
        Assert.Equal(name, other.GetNextEntry()!.Name);
    }

    internal static ArchiveLoader LoaderOf(StoreFixture fixture) => new(fixture.Store, spareBytes: 0, TimeProvider.System);

    private static Digest DigestOf(string name) =>
        Digest.TryParse(name["blobs/".Length..].Replace('/', ':'), out Digest digest) ? digest : throw new FormatException(name);

    private static async Task<MemoryStream> SaveAsync(StoreFixture source)
    {
        StoreEntry entry = await source.AddAsync(Made, Name);
        var saved = new MemoryStream();
        using (var archive = ModelArchive.Open(source.Store, entry, Name))
        {
            await archive.WriteAsync(saved, Cancellation);
            Assert.Equal(archive.Length, saved.Length);
        }

        saved.Position = 0;
        return saved;
    }
}
