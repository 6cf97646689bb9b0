create table totals (region varchar(8), revenue decimal(12,2));
delimiter //
create procedure refresh()
begin
  delete from totals;
  insert into totals select region, sum(revenue) from daily_revenue group by region;
end//
delimiter ;
call refresh();
select * from totals;
