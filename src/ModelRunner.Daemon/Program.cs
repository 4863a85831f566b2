using ModelRunner.Cli;
using ModelRunner.Daemon.Hosting;
using ModelRunner.Linux.Files;
using ModelRunner.Linux.Processes;

// Between a fork and a program's execution nothing else may be set up.
if (ExecRunner.IsAskedFor(args))
    return ExecRunner.Run(args);
if (JoinGroup.IsAskedFor(args))
    return JoinGroup.Run(args);
if (GuardRunners.IsAskedFor(args))
    return GuardRunners.Run(args);

StandardDescriptors.Require();
HomeFolder.Require();
return await CommandLine.RunAsync(args, DaemonHost.RunAsync);
