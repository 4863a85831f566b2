using ModelRunner.Daemon.Cli;
using ModelRunner.Daemon.Hosting;

return await CommandLine.RunAsync(args, DaemonHost.RunAsync);
