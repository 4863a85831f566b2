using System.Net.Sockets;
using System.Runtime.InteropServices;
using ModelRunner.Linux;
using ModelRunner.LlamaHost.Arguments;
using ModelRunner.LlamaHost.Diagnostics;
using ModelRunner.LlamaHost.Generation;
using ModelRunner.LlamaHost.Http;
using ModelRunner.LlamaHost.Loading;
using ModelRunner.LlamaHost.Native;

namespace ModelRunner.LlamaHost;

/// <summary>Runs the program: listen, load, serve, end.</summary>
internal sealed class HostApplication(HostSettings settings)
{
    /// <summary>Longer than the time between two cancellation checks of a computation.</summary>
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(1);

    private readonly TaskCompletionSource _stopAsked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly HostState _state = new(settings, TimeProvider.System);

    /// <summary>Runs until it is told to end.</summary>
    /// <returns>The exit code: 0 for a requested end, 1 for a model or an address that cannot be used.</returns>
    public async Task<int> RunAsync()
    {
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, AskToStop);
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, AskToStop);

        // Before any file or socket is created: files of this process are private to its user.
        _ = Libc.SetUmask(0x7F);
        WebApplication server;
        try
        {
            server = await HostServer.StartAsync(_state);
        }
        catch (Exception failure) when (failure is IOException or SocketException or UnauthorizedAccessException)
        {
            HostLog.Error(
                $"srv  start: couldn't bind HTTP server socket, hostname: {settings.Host}, port: {settings.Port}: {failure.Message}");
            HostLog.Error("srv  main: exiting due to HTTP server error");
            return 1;
        }

        string address = settings.IsUnixSocket ? $"unix://{settings.Host}" : $"http://{settings.Host}:{settings.Port}";
        HostLog.Info($"srv  start: listening on {address}");
        Task<RunningEngine?> loading = Task.Run(Load);
        if (await Task.WhenAny(loading, _stopAsked.Task) != loading)
            return await EndAtOnceAsync();

        if (await loading is not { } engine)
        {
            await StopAsync(server);
            HostLog.Error("srv  main: exiting due to model loading error");
            return 1;
        }

        GrammarWatch.Start(settings.GrammarLimit, EndForGrammar);
        _state.Serve(engine);
        HostLog.Info("srv  main: model loaded");
        await _stopAsked.Task;
        bool isIdle = engine.Stop(StopLimit);
        await StopAsync(server);
        if (!isIdle)
            return await EndAtOnceAsync();
        engine.Dispose();
        return 0;
    }

    private void AskToStop(PosixSignalContext context)
    {
        context.Cancel = true;
        _stopAsked.TrySetResult();
    }

    private RunningEngine? Load()
    {
        try
        {
            CpuVariant variant = LlamaLibrary.Load(settings.CpuVariant ?? Environment.GetEnvironmentVariable("LLAMA_HOST_CPU_VARIANT"));
            LoadedModel model = ModelLoader.Load(settings);
            string slots = FormattableString.Invariant($"n_slots = {model.SlotCount}, n_ctx_slot = {model.SlotTokens}");
            string compute = FormattableString.Invariant($"n_threads = {model.Context.GenerationThreads}, cpu = {variant.Name}");
            HostLog.Info($"srv  load_model: initializing, {slots}, {compute}");
            if (!model.ChatTemplate.IsKnown && !settings.IsEmbedding)
                HostLog.Warning("srv  load_model: the chat template is a Jinja program that llama-host cannot run: chat will be refused");
            return new RunningEngine(model, TimeProvider.System);
        }
        catch (Exception failure) when (failure is ModelLoadException or NativeLibraryException)
        {
            HostLog.Error($"srv  load_model: {failure.Message}");
            return null;
        }
    }

    private void EndForGrammar()
    {
        string limit = FormattableString.Invariant($"{settings.GrammarLimit.TotalSeconds} s (--grammar-timeout)");
        HostLog.Error($"srv  update_slots: one step of a grammar took more than {limit}: it has too many ways to match a text; "
            + "exiting, since llama.cpp cannot be stopped there");
        if (settings.IsUnixSocket)
            File.Delete(settings.Host);
        Console.Error.Flush();
        Libc.ExitNow(1);
    }

    // Another thread is reading the model or computing with it, so nothing may be freed.
    private async Task<int> EndAtOnceAsync()
    {
        if (settings.IsUnixSocket)
            File.Delete(settings.Host);
        await Console.Error.FlushAsync();
        Libc.ExitNow(0);
        return 0;
    }

    // All responses have ended with the engine; connections get a short time to send them, then they are closed.
    private static async Task StopAsync(WebApplication server)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        await server.StopAsync(limit.Token);
        await server.DisposeAsync();
    }
}
