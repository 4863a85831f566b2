using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Tests.Configuration;

public sealed class KvCacheSettingsTests : IDisposable
{
    private readonly ConfigurationFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void Contexts_are_not_saved_unless_the_user_wants_it()
    {
        _fixture.File = """{ "statePath": "/state" }""";
        Assert.Equal(
            new KvCacheSettings { FolderPath = "/state/kv-cache", MaxBytes = 8L << 30, Timeout = TimeSpan.FromSeconds(10) },
            _fixture.Settings().Runners.KvCache);

        _fixture.File = """{ "statePath": "/state", "kvCache": { "persist": true, "maxBytes": "2GiB", "timeout": "3s" } }""";
        Assert.Equal(
            new KvCacheSettings { FolderPath = "/state/kv-cache", Persist = true, MaxBytes = 2L << 30, Timeout = TimeSpan.FromSeconds(3) },
            _fixture.Settings().Runners.KvCache);
    }

    [Fact]
    public void Without_a_state_folder_there_is_no_place_for_contexts()
    {
        _fixture.File = """{ "statePath": "none", "kvCache": { "persist": true } }""";
        string problem = _fixture.Problem();
        Assert.Contains("kvCache.persist", problem, StringComparison.Ordinal);
        Assert.Contains("needs a state folder to save contexts in", problem, StringComparison.Ordinal);
    }
}
