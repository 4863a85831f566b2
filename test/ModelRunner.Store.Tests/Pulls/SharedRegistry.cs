using ModelRunner.Testing.Registries;

namespace ModelRunner.Store.Tests.Pulls;

/// <summary>A real registry for all tests of a class, with the model of <see cref="FaultCases"/> as <c>ai/tiny</c>. It starts with the first test.</summary>
public sealed class SharedRegistry : IAsyncDisposable
{
    private Task<RegistryProcess>? _starting;

    /// <summary>Returns it once it listens.</summary>
    internal Task<RegistryProcess> GetAsync() => _starting ??= StartAsync();

    /// <summary>Puts the model into a registry.</summary>
    internal static async Task PushAsync(RegistryProcess registry)
    {
        foreach (byte[] bytes in FaultCases.Made.Files.Values)
            await registry.PushBlobAsync("ai/tiny", bytes);
        await registry.PushManifestAsync("ai/tiny", "latest", FaultCases.Made.Manifest, RegistryModel.MediaType);
    }

    public async ValueTask DisposeAsync()
    {
        if (_starting is { IsCompletedSuccessfully: true })
            await (await _starting).DisposeAsync();
    }

    private static async Task<RegistryProcess> StartAsync()
    {
        RegistryProcess registry = await RegistryProcess.StartAsync();
        await PushAsync(registry);
        return registry;
    }
}
