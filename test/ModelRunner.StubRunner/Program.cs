using ModelRunner.StubRunner;

// The daemon asks for these where arguments were added.
if (args.Contains("--help", StringComparer.Ordinal))
{
    await Console.Out.WriteLineAsync(StubDevices.Help);
    return 0;
}

if (args.Contains("--list-devices", StringComparer.Ordinal))
{
    await Console.Out.WriteLineAsync(StubDevices.List);
    return 0;
}

// It has no version of llama-server.
if (args.Contains("--version", StringComparer.Ordinal))
    return 0;

var arguments = StubArguments.Read(args);
var faults = StubFaults.Read(arguments);
var processFaults = new ProcessFaults(faults, arguments);

if (processFaults.RefusedArgument is { } refused)
{
    await Console.Error.WriteLineAsync($"error: invalid argument: {refused}");
    return 1;
}

processFaults.BeforeBind();
await Task.Delay(faults.Milliseconds("bind_delay_ms"));

var server = new StubServer(arguments, faults);
if (!server.TryBind(out string problem))
{
    await Console.Error.WriteLineAsync($"0.00.001.000 E srv  start: couldn't bind HTTP server socket, hostname: {arguments.Host}, port: {arguments.Port} ({problem})");
    return 1;
}

// A stub that has nothing to load is ready when it says that it listens.
server.State.IsReady = !processFaults.HasLoading;
await Console.Out.WriteLineAsync($"listening on {server.Address}");
using var signals = new StopSignals(server.State, faults);
Task serving = server.RunAsync();
await Task.Delay(faults.Milliseconds("load_delay_ms"));
processFaults.BeforeReady();
server.State.IsReady = true;
await Console.Error.WriteLineAsync("0.00.002.000 I srv  main: model loaded");

int exitCode = await signals.Ended;
await Task.Delay(faults.Milliseconds("shutdown_delay_ms"));
GC.KeepAlive(serving);
return exitCode;
