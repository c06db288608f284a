-- Run once, when the volume is new.
CREATE DATABASE acme;
CREATE DATABASE borealis;
