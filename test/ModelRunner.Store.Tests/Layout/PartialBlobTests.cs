using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.Tests.Layout;

public sealed class PartialBlobTests : IDisposable
{
    private static readonly byte[] Bytes = [1, 2, 3, 4, 5];
    private static readonly Descriptor File5 = new(MediaTypes.Gguf, ContentHash.Of(Bytes), Bytes.Length);

    private readonly StoreFixture _fixture = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Partial => _fixture.Folder.PartialOf(File5.Digest);

    private string Final => _fixture.Folder.BlobOf(File5.Digest);

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task A_file_gets_its_name_when_all_bytes_are_there()
    {
        using PartialBlob blob = PartialBlob.TryOpen(_fixture.Folder, File5)!;
        blob.Reserve();
        Assert.Equal(0, new FileInfo(Partial).Length);
        await blob.AppendAsync(Bytes.AsMemory(0, 2), Token);
        Assert.Equal((2, 3), (blob.Length, blob.Missing));
        Assert.Throws<StoreException>(blob.Complete);
        Assert.False(File.Exists(Final));

        await blob.AppendAsync(Bytes.AsMemory(2), Token);
        blob.Complete();
        Assert.Equal(Bytes, await File.ReadAllBytesAsync(Final, Token));
        Assert.False(File.Exists(Partial));
    }

    /// <summary>After kill -9 the whole file is still reserved. A check of the free space must not count it as missing once more.</summary>
    [Fact]
    public void Space_that_is_reserved_already_is_not_missing()
    {
        const int Size = 8 << 20;
        var file = new Descriptor(MediaTypes.Gguf, ContentHash.Of([7]), Size);
        using PartialBlob blob = PartialBlob.TryOpen(_fixture.Folder, file)!;
        Assert.Equal(0, PartialBlob.ReservedOf(_fixture.Folder, file));

        blob.Reserve();

        Assert.Equal(0, PartialBlob.LengthOf(_fixture.Folder, file));
        Assert.InRange(PartialBlob.ReservedOf(_fixture.Folder, file), Size, 2 * Size);
    }

    [Fact]
    public async Task What_an_earlier_attempt_wrote_is_used()
    {
        using (PartialBlob first = PartialBlob.TryOpen(_fixture.Folder, File5)!)
            await first.AppendAsync(Bytes.AsMemory(0, 3), Token);
        Assert.Equal(3, PartialBlob.LengthOf(_fixture.Folder, File5));

        int steps = 0;
        using PartialBlob second = PartialBlob.TryOpen(_fixture.Folder, File5)!;
        await second.ContinueAsync(read => steps += read, Token);
        Assert.Equal((3, 3), (second.Length, steps));
        await second.AppendAsync(Bytes.AsMemory(3), Token);
        second.Complete();

        Assert.Equal(Bytes, await File.ReadAllBytesAsync(Final, Token));
        Assert.False(File.Exists(Partial));
    }

    [Fact]
    public async Task Wrong_bytes_are_dropped()
    {
        using (PartialBlob blob = PartialBlob.TryOpen(_fixture.Folder, File5)!)
        {
            await blob.AppendAsync(new byte[] { 1, 2, 3, 4, 6 }, Token);
            StoreException failure = Assert.Throws<StoreException>(blob.Complete);
            Assert.Equal(StoreErrorReason.WrongBytes, failure.Reason);
            Assert.Contains(File5.Digest.ToString(), failure.Message, StringComparison.Ordinal);
        }

        Assert.False(File.Exists(Partial));
        Assert.False(File.Exists(Final));
    }

    [Fact]
    public async Task A_longer_file_is_refused_before_it_is_written()
    {
        using PartialBlob blob = PartialBlob.TryOpen(_fixture.Folder, File5)!;
        await blob.AppendAsync(Bytes, Token);
        await Assert.ThrowsAsync<StoreException>(async () => await blob.AppendAsync(new byte[1], Token));
        Assert.Equal(5, new FileInfo(Partial).Length);
        blob.Complete();
        Assert.True(File.Exists(Final));
    }

    /// <summary>A manifest with a wrong size must not spoil what another pull has fetched, and a file that is too long must not end every pull.</summary>
    [Fact]
    public async Task A_partial_file_that_is_longer_than_the_file_stays_and_another_one_is_used()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Partial)!);
        await File.WriteAllBytesAsync(Partial, new byte[9], Token);

        using PartialBlob blob = PartialBlob.TryOpen(_fixture.Folder, File5)!;
        await blob.ContinueAsync(static _ => { }, Token);
        Assert.Equal(0, blob.Length);
        await blob.AppendAsync(Bytes, Token);
        blob.Complete();

        Assert.Equal(Bytes, await File.ReadAllBytesAsync(Final, Token));
        Assert.Equal(9, new FileInfo(Partial).Length);
        Assert.Equal(2, StoreFixture.FilesIn(_fixture.Folder.Blobs).Length);
    }

    [Fact]
    public void An_empty_file_does_not_stay()
    {
        PartialBlob.TryOpen(_fixture.Folder, File5)!.Dispose();
        Assert.False(File.Exists(Partial));
    }

    [Fact]
    public void Only_one_writer_has_a_file()
    {
        using PartialBlob first = PartialBlob.TryOpen(_fixture.Folder, File5)!;
        Assert.Null(PartialBlob.TryOpen(_fixture.Folder, File5));
        first.Dispose();
        using PartialBlob? second = PartialBlob.TryOpen(_fixture.Folder, File5);
        Assert.NotNull(second);
    }

    /// <summary>The name could have been put there by someone else, and would be written to.</summary>
    [Fact]
    public async Task A_link_is_not_written_to()
    {
        string victim = Path.Join(_fixture.Folder.Root, "victim");
        Directory.CreateDirectory(Path.GetDirectoryName(Partial)!);
        await File.WriteAllTextAsync(victim, "mine", Token);
        File.CreateSymbolicLink(Partial, victim);

        Assert.Throws<IOException>(() => PartialBlob.TryOpen(_fixture.Folder, File5));
        Assert.Equal("mine", await File.ReadAllTextAsync(victim, Token));
    }
}
