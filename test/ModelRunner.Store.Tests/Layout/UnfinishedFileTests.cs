using ModelRunner.Linux.Files;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Layout;
using ModelRunner.Testing;

namespace ModelRunner.Store.Tests.Layout;

/// <summary>Files of loads, of copies of other tools' files, and of repackaging: after kill -9 nothing can continue them.</summary>
public sealed class UnfinishedFileTests : IDisposable
{
    private readonly StoreFixture _fixture = new();
    private readonly Descriptor _file = MadeArtifact.Of([1, 2, 3]).Read().Layers[0];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData("load")]
    [InlineData("adopt")]
    [InlineData("repackage")]
    [InlineData("link")]
    public async Task They_are_removed_at_once_and_never_shown_as_files_that_a_pull_continues(string purpose)
    {
        string path = await PutAsync(purpose);
        string partial = await PutAsync("7");
        await _fixture.AddAsync(MadeArtifact.Of([9]), "docker.io/ai/a:latest");

        Assert.Equal(
            [(Path.GetFileName(partial), LeftoverKind.Partial), (Path.GetFileName(path), LeftoverKind.Unfinished)],
            _fixture.Store.FindLeftovers().Select(static file => (file.Name, file.Kind)).Order());
        Assert.Equal(1, _fixture.Store.RemoveUnfinished().Files);
        Assert.Equal((false, true), (File.Exists(path), File.Exists(partial)));
        Assert.Single(StoreFixture.FilesIn(_fixture.Folder.Blobs), static name => name.EndsWith(StoreFolder.PartialEnding, StringComparison.Ordinal));
    }

    /// <summary>The first load of a new store may be the one that was killed.</summary>
    [Fact]
    public async Task A_store_without_a_list_is_cleaned_too()
    {
        string path = await PutAsync("load");

        Assert.Equal(1, _fixture.Store.RemoveUnfinished().Files);

        Assert.False(File.Exists(path));
        Assert.Equal(default, _fixture.Store.RemoveUnfinished());
    }

    [Fact]
    public async Task One_that_a_process_writes_is_left()
    {
        using (PartialBlob blob = PartialBlob.TryOpenOwn(_fixture.Folder, _file, "load")!)
        {
            await blob.AppendAsync(new byte[] { 1 }, Token);
            Assert.Equal(0, _fixture.Store.RemoveUnfinished().Files);
            Assert.Single(StoreFixture.FilesIn(_fixture.Folder.Blobs));
        }

        Assert.Empty(StoreFixture.FilesIn(_fixture.Folder.Blobs));
    }

    /// <summary>A second daemon that starts meanwhile must not remove it.</summary>
    [Fact]
    public async Task A_second_name_is_left_while_it_is_hashed()
    {
        using var tool = new TemporaryFolder();
        string path = tool.PathOf("weights");
        await File.WriteAllBytesAsync(path, [1, 2, 3], Token);
        Directory.CreateDirectory(Path.GetDirectoryName(_fixture.Folder.BlobOf(_file.Digest))!);
        using FileStream source = File.OpenRead(path);
        var adopted = new AdoptedFile(source.SafeFileHandle, path, FileStatus.Of(path));
        var removed = new List<CollectedFiles>();
        Task<bool>? second = null;
        var adoption = new BlobAdoption(_fixture.Folder, _file, adopted, _ =>
        {
            removed.Add(_fixture.Store.RemoveUnfinished());
            second = new BlobAdoption(_fixture.Folder, _file, adopted, static _ => { }).TryLinkAsync(Token);
        });

        Assert.True(await adoption.TryLinkAsync(Token));

        Assert.Equal([default], removed);
        Assert.False(await second!);
        Assert.Equal([_file.Digest.Hex], StoreFixture.FilesIn(_fixture.Folder.Blobs));
    }

    /// <summary>The part of a pull that may continue only from one repository.</summary>
    [Fact]
    public async Task The_part_of_a_limited_pull_is_a_partial_file_and_is_removed_after_a_week()
    {
        await _fixture.AddAsync(MadeArtifact.Of([9]), "docker.io/ai/a:latest");
        using (PartialBlob blob = PartialBlob.TryOpen(_fixture.Folder, _file, "r.example/a")!)
            await blob.AppendAsync(new byte[] { 1 }, Token);

        Assert.Equal(LeftoverKind.Partial, Assert.Single(_fixture.Store.FindLeftovers()).Kind);
        Assert.Equal(0, _fixture.Store.RemoveUnfinished().Files);
        Assert.Equal(0, (await _fixture.Store.CollectAsync(isDryRun: false, Token)).Files);
        _fixture.Time.Advance(StoreCollector.MinAge + TimeSpan.FromHours(1));
        Assert.Equal(1, (await _fixture.Store.CollectAsync(isDryRun: false, Token)).Files);
        Assert.Empty(_fixture.Store.FindLeftovers());
    }

    private async Task<string> PutAsync(string purpose)
    {
        string path = $"{_fixture.Folder.BlobOf(_file.Digest)}.{purpose}{StoreFolder.PartialEnding}";
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await File.WriteAllBytesAsync(path, [1, 2], Token);
        return path;
    }
}
