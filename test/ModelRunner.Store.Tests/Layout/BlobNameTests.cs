using ModelRunner.Linux.Files;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.Tests.Layout;

/// <summary>Several writers complete the same file. A runner that has loaded the first one must go on.</summary>
public sealed class BlobNameTests : IDisposable
{
    private const int Writers = 16;

    private static readonly byte[] Bytes = [1, 2, 3, 4, 5];
    private static readonly Descriptor File5 = new(MediaTypes.Gguf, ContentHash.Of(Bytes), Bytes.Length);

    private readonly StoreFixture _fixture = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Final => _fixture.Folder.BlobOf(File5.Digest);

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task The_file_of_the_first_writer_stays()
    {
        using PartialBlob first = await WriteAsync(null);
        using PartialBlob second = await WriteAsync("r.example/a");
        first.Complete();
        FileId stood = FileStatus.Of(Final).Id;

        second.Complete();

        Assert.Equal(stood, FileStatus.Of(Final).Id);
        Assert.Equal(Bytes, await File.ReadAllBytesAsync(Final, Token));
        Assert.Equal([Path.GetFileName(Final)], StoreFixture.FilesIn(_fixture.Folder.Blobs).Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_file_of_a_wrong_size_is_replaced()
    {
        using PartialBlob blob = await WriteAsync(null);
        await File.WriteAllBytesAsync(Final, Bytes[..4], Token);

        blob.Complete();

        Assert.Equal(Bytes, await File.ReadAllBytesAsync(Final, Token));
    }

    [Fact]
    public async Task A_link_to_nothing_is_replaced_and_one_to_a_whole_file_stays()
    {
        using PartialBlob first = await WriteAsync(null);
        string target = Path.Join(_fixture.Folder.Root, "elsewhere");
        File.CreateSymbolicLink(Final, target);
        first.Complete();
        Assert.Equal(Bytes, await File.ReadAllBytesAsync(Final, Token));

        File.Move(Final, target);
        File.CreateSymbolicLink(Final, target);
        using PartialBlob second = await WriteAsync(null);
        second.Complete();
        Assert.NotNull(new FileInfo(Final).LinkTarget);
    }

    [Fact]
    public async Task A_file_that_was_set_aside_is_removed_when_there_is_a_whole_one()
    {
        using PartialBlob blob = await WriteAsync(null);
        await File.WriteAllBytesAsync(Final + StoreFolder.DamagedEnding, [1, 2, 3, 4, 6], Token);

        blob.Complete();

        Assert.Equal([Path.GetFileName(Final)], StoreFixture.FilesIn(_fixture.Folder.Blobs).Select(Path.GetFileName));
    }

    [Fact]
    public async Task Writers_at_once_leave_one_file()
    {
        PartialBlob[] blobs = await Task.WhenAll(Enumerable.Range(0, Writers).Select(number => WriteAsync($"r.example/{number}")));
        using var start = new Barrier(Writers);
        FileId[] seen = await Task.WhenAll(blobs.Select(blob => Task.Factory.StartNew(
            () =>
            {
                start.SignalAndWait(Token);
                blob.Complete();
                blob.Dispose();
                return FileStatus.Of(Final).Id;
            },
            Token, TaskCreationOptions.LongRunning, TaskScheduler.Default)));

        Assert.Single(seen.Distinct());
        Assert.Single(StoreFixture.FilesIn(_fixture.Folder.Blobs));
    }

    private async Task<PartialBlob> WriteAsync(string? repository)
    {
        PartialBlob blob = PartialBlob.TryOpen(_fixture.Folder, File5, repository)!;
        await blob.AppendAsync(Bytes, Token);
        return blob;
    }
}
