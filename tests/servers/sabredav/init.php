<?php
// Makes the database of SabreDAV: its own tables, and alice and bob.   usage: init.php DATABASE FOLDER_OF_SQL
[, $database, $folder] = $argv;
$pdo = new PDO("sqlite:$database");
$pdo->setAttribute(PDO::ATTR_ERRMODE, PDO::ERRMODE_EXCEPTION);
$pdo->exec('PRAGMA journal_mode=WAL');
foreach (glob("$folder/sqlite.*.sql") as $file) {
    $pdo->exec(file_get_contents($file));
}
$pdo->exec('DELETE FROM principals');
$add = $pdo->prepare('INSERT INTO principals (uri, email, displayname) VALUES (?, ?, ?)');
foreach (['alice', 'bob'] as $user) {
    $add->execute(["principals/$user", "$user@example.com", ucfirst($user)]);
    $add->execute(["principals/$user/calendar-proxy-read", null, null]);
    $add->execute(["principals/$user/calendar-proxy-write", null, null]);
}
