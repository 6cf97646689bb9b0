create database shop;
create role etl login;
create role analyst login;
