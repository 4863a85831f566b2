using ModelRunner.Linux.Files;
using ModelRunner.Store.Layout;

namespace ModelRunner.Store.Tests.Layout;

/// <summary>Names in the bundles of the store do not keep the space of a removed model; names elsewhere do.</summary>
public sealed class StoreLinksTests : IDisposable
{
    private readonly StoreFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task Only_a_name_outside_of_the_store_keeps_the_space()
    {
        MadeArtifact sharded = MadeArtifact.Of([1, 1], [2, 2]);
        await _fixture.AddAsync(sharded, "docker.io/me/a:latest");
        await _fixture.AddAsync(MadeArtifact.Of([1, 1], [3, 3]), "docker.io/me/b:latest");
        string shared = _fixture.Folder.BlobOf(sharded.Read().Layers[0].Digest);
        Assert.Equal(3u, FileStatus.Of(shared).Links);
        Assert.Empty(StoreLinks.FindOutside(_fixture.Folder));

        Assert.True(HardLink.TryCreate(shared, Path.Join(Path.GetDirectoryName(_fixture.Folder.Root)!, "ollama")));

        Assert.Equal([FileStatus.Of(shared).Id], StoreLinks.FindOutside(_fixture.Folder));
    }

    [Fact]
    public void A_store_that_is_not_there_has_no_links() => Assert.Empty(StoreLinks.FindOutside(_fixture.Folder));
}
